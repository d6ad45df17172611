import {spawnSync} from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {dirname} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {carryOut} from '../../../src/cli/install/carry-out.ts';
import {planInstall} from '../../../src/cli/install/plan.ts';
import {temporaryOf} from '../../../src/process/temporary.ts';
import {ClientFiles, LAUNCH} from '../../support/client-files.ts';

let files: ClientFiles;

beforeEach(() => {
  files = new ClientFiles();
});

afterEach(() => {
  files.remove();
});

describe('uninstall after the person has changed a file', () => {
  it('keeps a hook that the person has put into our group', async () => {
    await files.install('claude-code');
    const file = files.path('.claude', 'settings.json');
    const settings = JSON.parse(readFileSync(file, 'utf8'));
    const own = {type: 'command', command: 'my-own-hook'};
    settings.hooks.UserPromptSubmit[0].hooks.push(own);
    writeFileSync(file, JSON.stringify(settings));
    await files.uninstall('claude-code');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({hooks: {UserPromptSubmit: [{hooks: [own]}]}});
  });

  it('removes the file that a link leads to, and leaves the link', async () => {
    mkdirSync(files.path('dotfiles'));
    await files.install('cursor');
    const [link, target] = [files.path('.cursor', 'mcp.json'), files.path('dotfiles', 'mcp.json')];
    renameSync(link, target);
    symlinkSync(target, link);
    await files.uninstall('cursor');
    expect(readlinkSync(link)).toBe(target);
    expect(existsSync(target)).toBe(false);
  });
});

/** Changes a file as a person would who looks at it in an editor. */
function addLine(file: string): void {
  writeFileSync(file, `${readFileSync(file, 'utf8')}\n`);
}

describe('uninstall after a file was changed', () => {
  it.each([
    '{ }\n',
    '{\n\n}\n',
    '{"mcpServers": { }}',
    '{\r\n  "mcpServers": {\r\n  },\r\n  "a": [ ]\r\n}\r\n',
  ])('leaves what was empty as empty as it was: %j', async (text) => {
    const file = files.path('.cursor', 'mcp.json');
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text);
    await files.install('cursor');
    addLine(file);
    await files.uninstall('cursor');
    expect(readFileSync(file, 'utf8')).toBe(`${text}\n`);
  });

  const stop = {stop: [{command: 'my-own-hook'}]};
  const hooks = () => files.path('.cursor', 'hooks.json');

  it('takes the version out where the hooks of the person had none', async () => {
    const text = JSON.stringify({hooks: stop}, undefined, 2);
    mkdirSync(dirname(hooks()), {recursive: true});
    writeFileSync(hooks(), text);
    await files.install('cursor');
    expect(JSON.parse(readFileSync(hooks(), 'utf8')).version).toBe(1);
    addLine(hooks());
    await files.uninstall('cursor');
    expect(readFileSync(hooks(), 'utf8')).toBe(`${text}\n`);
  });

  it.each([
    ['came later and may need it', 1, stop],
    ['is of another version by now', 2, undefined],
  ])('leaves the version to what %s', async (_, version, own) => {
    await files.install('cursor');
    const {hooks: ours} = JSON.parse(readFileSync(hooks(), 'utf8'));
    const merged = own === undefined ? ours : {...ours, stop: [...ours.stop, ...own.stop]};
    writeFileSync(hooks(), JSON.stringify({version, hooks: merged}));
    await files.uninstall('cursor');
    expect(JSON.parse(readFileSync(hooks(), 'utf8'))).toEqual(
      own === undefined ? {version} : {version, hooks: own},
    );
  });
});

describe('a file that has another name', () => {
  it('keeps it when it is written, and when that is taken back', async () => {
    const [file, other] = [files.path('.gemini', 'settings.json'), files.path('dotfiles', 'gemini.json')];
    for (const one of [file, other]) mkdirSync(dirname(one), {recursive: true});
    const text = '{\n  "a": "ä, and more than comes after it"\n}\n';
    writeFileSync(other, text);
    linkSync(other, file);
    await files.install('gemini');
    expect(JSON.parse(readFileSync(other, 'utf8')).mcpServers).toBeDefined();
    expect(readFileSync(`${file}.before-opencode-delegate`, 'utf8')).toBe(text);
    await files.uninstall('gemini');
    expect(readFileSync(other, 'utf8')).toBe(text);
    expect(statSync(file).ino).toBe(statSync(other).ino);
    expect(readdirSync(dirname(file))).toEqual(['settings.json']);
  });
});

describe('two installs at once', () => {
  it('both leave word of what is to be taken back', async () => {
    const names = ['claude-code', 'codex', 'cursor', 'gemini', 'zed'] as const;
    await Promise.all(names.map((name) => files.install(name)));
    for (const name of names) await files.uninstall(name);
    expect(readdirSync(files.root).filter((name) => name !== '.local')).toEqual([]);
  });
});

describe('an install that is killed', () => {
  it('leaves no copy of a file that uninstall does not remove', async () => {
    const file = files.path('.cursor', 'mcp.json');
    files.write(file, '{}');
    // As one that has got no further than its copy.
    const [change] = planInstall(files.client('cursor'), {scope: 'global', launch: LAUNCH}).changes;
    if (change === undefined) throw new Error('nothing is to be changed');
    await expect(
      carryOut({...change, before: '{ }'}, {receipts: files.receipts, scope: 'global'}),
    ).rejects.toThrow('in the meantime');
    const {pid} = spawnSync(process.execPath, ['-e', '0']);
    const left = temporaryOf(file).replace(`-${process.pid}-`, `-${pid}-`);
    writeFileSync(left, '{}');
    await files.uninstall('cursor');
    expect(readdirSync(dirname(file))).toEqual(['mcp.json']);
    expect(readFileSync(file, 'utf8')).toBe('{}');
  });
});

describe('a key that comes twice', () => {
  it('has us in its last place, which is the one that clients read', async () => {
    const file = files.path('.cursor', 'mcp.json');
    const text = '{\n  "mcpServers": {"a": {"command": "a"}},\n  "mcpServers": {"b": {"command": "b"}}\n}\n';
    files.write(file, text);
    await files.install('cursor');
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')).mcpServers)).toEqual([
      'b',
      'opencode-delegate',
    ]);
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n`);
    await files.uninstall('cursor');
    expect(readFileSync(file, 'utf8')).toBe(`${text}\n`);
  });
});
