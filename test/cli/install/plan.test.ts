import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import {parse} from 'jsonc-parser';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {CLIENTS} from '../../../src/cli/clients/client.ts';
import {carryOut} from '../../../src/cli/install/carry-out.ts';
import {planInstall} from '../../../src/cli/install/plan.ts';
import {ClientFiles, LAUNCH} from '../../support/client-files.ts';

let files: ClientFiles;

beforeEach(() => {
  files = new ClientFiles();
});

afterEach(() => {
  files.remove();
});

/** All that is below the home, with modes and to where links lead. */
function tree(folder = files.root): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, {recursive: true, encoding: 'utf8'})
      .filter((path) => !path.startsWith('.local'))
      .map((path) => {
        const stats = lstatSync(join(folder, path));
        const text = stats.isSymbolicLink()
          ? `-> ${readlinkSync(join(folder, path))}`
          : stats.isFile()
            ? readFileSync(join(folder, path), 'latin1')
            : '';
        return [path, `${stats.mode.toString(8)} ${text}`];
      }),
  );
}

const jsonIn = (file: string) => parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));

describe('install, and uninstall after it', () => {
  it.each(CLIENTS)('leave an empty home as empty as it was: %s', async (name) => {
    const before = tree();
    expect(await files.install(name)).toMatchObject({is: 'to do'});
    expect(tree()).not.toEqual(before);
    expect(await files.install(name)).toMatchObject({is: 'done', changes: []});
    await files.uninstall(name);
    expect(tree()).toEqual(before);
    expect(files.receipts.all()).toEqual({});
  });

  it.each(CLIENTS.filter((name) => name !== 'zed' && name !== 'cline'))(
    'leave a project as it was: %s',
    async (name) => {
      files.write(files.path('project', '.git', 'config'), '');
      const before = tree();
      await files.install(name, 'project');
      expect(tree()).not.toEqual(before);
      await files.uninstall(name, 'project');
      expect(tree()).toEqual(before);
    },
  );

  it.each([
    ['comments', '{\n    // mine\n    "ui": {"theme": "x"}, // why\n}\n'],
    ['tabs', '{\n\t"mcpServers": {\n\t\t"x": {"command": "x"}\n\t}\n}'],
    ['CRLF', '{\r\n  "a": 1\r\n}\r\n'],
    ['a byte order mark', '\uFEFF{\n  "a": 1\n}\n'],
    ['nothing in it', ''],
    ['hooks of others', '{"hooks": {"BeforeAgent": [{"hooks": [{"type": "command", "command": "x"}]}]}}'],
  ])('leave a file as it was that has %s', async (_, text) => {
    const file = files.write(files.path('.gemini', 'settings.json'), text, 0o640);
    const before = tree();
    await files.install('gemini');
    expect(jsonIn(file).mcpServers['opencode-delegate']).toEqual({command: 'node', args: [LAUNCH.main]});
    expect(jsonIn(file).hooks.BeforeAgent.at(-1).hooks[0].command).toBe(
      `node ${LAUNCH.main} hook prompt --client gemini`,
    );
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(`${file}.before-opencode-delegate`, 'utf8')).toBe(text);
    expect(statSync(`${file}.before-opencode-delegate`).mode & 0o777).toBe(0o640);
    await files.uninstall('gemini');
    expect(tree()).toEqual(before);
  });

  it('write through a link, and keep it', async () => {
    const real = files.write(files.path('dotfiles', 'gemini.json'), '{}\n', 0o600);
    mkdirSync(files.path('.gemini'));
    symlinkSync(real, files.path('.gemini', 'settings.json'));
    const before = tree();
    await files.install('gemini');
    expect(lstatSync(files.path('.gemini', 'settings.json')).isSymbolicLink()).toBe(true);
    expect(jsonIn(real).mcpServers).toBeDefined();
    await files.uninstall('gemini');
    expect(tree()).toEqual(before);
  });

  it('make what a link leads to that leads to nothing yet', async () => {
    mkdirSync(files.path('.gemini'));
    symlinkSync(files.path('dotfiles', 'gemini.json'), files.path('.gemini', 'settings.json'));
    await files.install('gemini');
    expect(jsonIn(files.path('dotfiles', 'gemini.json')).mcpServers).toBeDefined();
  });

  it('take out just what was added, where others have changed the file since', async () => {
    const file = files.write(files.path('.gemini', 'settings.json'), '{\n  "a": 1\n}\n');
    await files.install('gemini');
    const more = readFileSync(file, 'utf8').replace('"a": 1', '"a": 2,\n  "b": [3]');
    writeFileSync(file, more);
    await files.uninstall('gemini');
    expect(readFileSync(file, 'utf8')).toBe('{\n  "a": 2,\n  "b": [3]\n}\n');
    expect(existsSync(`${file}.before-opencode-delegate`)).toBe(false);
  });

  it('take out what was added in two steps, with a change of others between them', async () => {
    const file = files.write(files.path('.gemini', 'settings.json'), '{\n  "a": 1\n}\n');
    await files.install('gemini');
    const {hooks: _, ...rest} = jsonIn(file);
    writeFileSync(file, `${JSON.stringify({...rest, b: 2}, undefined, 2)}\n`);
    expect(await files.install('gemini')).toMatchObject({is: 'to do'});
    await files.uninstall('gemini');
    expect(jsonIn(file)).toEqual({a: 1, b: 2});
  });

  it('leave to a person what that person has added', async () => {
    const own = '[mcp_servers.opencode-delegate]\ncommand = "opencode-delegate"\nenv_vars = ["KEY"]\n';
    files.write(files.path('.codex', 'config.toml'), own);
    const before = tree();
    await files.install('codex');
    expect(readFileSync(files.path('.codex', 'config.toml'), 'utf8')).toBe(own);
    expect(existsSync(files.path('.codex', 'hooks.json'))).toBe(true);
    await files.uninstall('codex');
    expect(tree()).toEqual(before);
    expect(await files.uninstall('codex')).toMatchObject({
      is: 'done',
      says: expect.stringContaining('has not added'),
    });
  });

  it('do nothing to what was removed by hand', async () => {
    const file = files.write(files.path('.cursor', 'mcp.json'), '{}');
    await files.install('cursor');
    writeFileSync(file, '{"mcpServers": {"opencode-delegate": {"command": "somebody-else"}}}');
    rmSync(files.path('.cursor', 'hooks.json'));
    await files.uninstall('cursor');
    expect(jsonIn(file).mcpServers['opencode-delegate'].command).toBe('somebody-else');
    expect(files.receipts.all()).toEqual({});
  });
});

describe('install', () => {
  it.each([
    ['is broken', '{"mcpServers": {', 0o644, /"[^"]*settings\.json": .*no JSON that can be read/],
    ['is read-only', '{}', 0o444, /read-only/],
    ['is no UTF-8', '{"a": "\u00ff"}', 0o644, /no UTF-8/],
  ])('says what is wrong with a file that %s, and changes nothing', async (_, text, mode, says) => {
    const file = files.path('.gemini', 'settings.json');
    mkdirSync(dirname(file));
    writeFileSync(file, text, 'latin1');
    chmodSync(file, mode);
    const before = tree();
    expect(await files.install('gemini')).toMatchObject({
      is: 'failed',
      says: expect.stringMatching(says),
      changes: [],
    });
    expect(tree()).toEqual(before);
  });

  it('names what a link leads to that is read-only', async () => {
    const real = files.write(files.path('store', 'settings.json'), '{}', 0o444);
    mkdirSync(files.path('.gemini'));
    symlinkSync(real, files.path('.gemini', 'settings.json'));
    expect((await files.install('gemini')).says).toContain(`a link to "${real}"`);
  });

  it('leaves alone another server of our name, and the hooks with it', async () => {
    const theirs = '{"mcpServers": {"opencode-delegate": {"command": "python3", "args": ["server.py"]}}}';
    files.write(files.path('.claude.json'), theirs);
    const before = tree();
    expect(await files.install('claude-code')).toMatchObject({
      is: 'left alone',
      says: expect.stringContaining('it starts "python3 server.py"'),
    });
    expect(tree()).toEqual(before);
  });

  it('does not take for its own what Claude Code has for one project alone', async () => {
    const own = {command: 'node', args: [LAUNCH.main]};
    const there = {projects: {[files.path('project')]: {mcpServers: {'opencode-delegate': own}}}};
    const file = files.write(files.path('.claude.json'), JSON.stringify(there));
    await files.install('claude-code');
    expect(jsonIn(file).mcpServers['opencode-delegate']).toMatchObject(own);
    await files.uninstall('claude-code');
    expect(jsonIn(file)).toEqual(there);
  });

  it('knows its own entry by what its variables become', async () => {
    const braced = '$' + '{OURS:-node}';
    files.write(
      files.path('.cursor', 'mcp.json'),
      JSON.stringify({mcpServers: {'opencode-delegate': {command: braced, args: [LAUNCH.main]}}}),
    );
    const {changes} = await files.install('cursor');
    expect(changes.map(({file}) => file)).toEqual([files.path('.cursor', 'hooks.json')]);
  });

  it('knows its own entry under any name', async () => {
    files.write(
      files.path('.cursor', 'mcp.json'),
      JSON.stringify({mcpServers: {mine: {command: 'node', args: [LAUNCH.main]}}}),
    );
    const {changes} = await files.install('cursor');
    expect(changes.map(({file}) => file)).toEqual([files.path('.cursor', 'hooks.json')]);
  });

  it('does not touch a file that has changed while somebody was asked', async () => {
    const file = files.write(files.path('.gemini', 'settings.json'), '{}');
    const [change] = planInstall(files.client('gemini'), {scope: 'global', launch: LAUNCH}).changes;
    writeFileSync(file, '{"new": 1}');
    if (change === undefined) throw new Error('there is a change');
    await expect(carryOut(change, {receipts: files.receipts, scope: 'global'})).rejects.toThrow(
      'changed in the meantime',
    );
    expect(readFileSync(file, 'utf8')).toBe('{"new": 1}');
    // What was to come is taken back as nothing.
    await files.uninstall('gemini');
    expect(readFileSync(file, 'utf8')).toBe('{"new": 1}');
    expect(readdirSync(dirname(file))).toEqual(['settings.json']);
  });

  it('keeps to itself what it makes for a person', async () => {
    await files.install('cursor');
    expect(statSync(files.path('.cursor')).mode & 0o777).toBe(0o700);
    expect(statSync(files.path('.cursor', 'mcp.json')).mode & 0o777).toBe(0o600);
  });

  it('names the plugin for the server of OpenCode, and for its screen', async () => {
    await files.install('opencode');
    const folder = files.path('.config', 'opencode');
    expect(jsonIn(join(folder, 'opencode.json')).plugin).toEqual([
      `file://${dirname(LAUNCH.main)}/plugin.js`,
    ]);
    expect(jsonIn(join(folder, 'tui.json')).plugin).toEqual([`file://${dirname(LAUNCH.main)}/tui.js`]);
  });
});
