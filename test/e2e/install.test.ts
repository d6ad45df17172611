import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {delimiter, dirname, join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {runCommand} from '../support/command.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {openTerminal} from '../support/terminal.ts';

/** Where npm has put claude, codex and gemini, in a folder that TEST_CLIENTS names. */
const PROGRAMS =
  process.env.TEST_CLIENTS === undefined ? undefined : join(process.env.TEST_CLIENTS, 'node_modules', '.bin');
const COPY = '.before-opencode-delegate';

let model: ScriptedModel;
let sandbox: Sandbox;

beforeAll(async () => {
  model = await ScriptedModel.start(({prompt, toolResults}) => {
    if (prompt === 'The inner work') return {text: 'Inner answer.'};
    if (toolResults.length > 0) return {text: 'Delegated.'};
    return {tool: 'opencode-delegate_delegate', input: {prompt: 'The inner work'}};
  });
  // OpenCode adds the schema where there is none.
  sandbox = createSandbox({modelUrl: model.url, config: {$schema: 'https://opencode.ai/config.json'}});
});

afterAll(async () => {
  await sandbox.remove();
  await model.close();
});

const inHome = (...path: readonly string[]) => join(sandbox.env.HOME ?? '', ...path);

function write(file: string, text: string): string {
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, text);
  return file;
}

/** The host stays out of it: what is started here is only to list its tools. */
const command = (...args: readonly string[]) =>
  runCommand(sandbox, args, {env: {OPENCODE_DELEGATE_HOST: 'off'}});

describe('install, as a person calls it', () => {
  it('changes nothing without a terminal and without --yes, and says so', async () => {
    const file = write(inHome('.cursor', 'mcp.json'), '{}');
    const {stdout, stderr, exitCode} = await command('install', 'cursor');
    expect({exitCode, stderr}).toEqual({
      exitCode: 2,
      stderr: 'Nothing was changed: there is no terminal to ask at. Add --yes to do it.',
    });
    expect(stdout).toContain('+  "mcpServers": {');
    expect(await command('install', 'cursor', '--dry-run')).toMatchObject({exitCode: 0});
    expect(readFileSync(file, 'utf8')).toBe('{}');
    expect(existsSync(inHome('.local', 'state', 'opencode-delegate', 'installed.json'))).toBe(false);
  });

  it('asks at a terminal, and does it after a yes alone', async () => {
    for (const [answer, says] of [
      ['n\r', 'Nothing was changed.'],
      ['\x03', 'Nothing was changed.'],
      ['y\r', 'Cursor: it starts, and has '],
    ] as const) {
      const terminal = openTerminal(sandbox, process.execPath, BIN, 'install', 'cursor');
      try {
        await terminal.shows('Do this? [y/N]');
        expect(readFileSync(inHome('.cursor', 'mcp.json'), 'utf8')).toBe('{}');
        terminal.type(answer);
        await terminal.shows(says);
        await terminal.exited;
      } finally {
        await terminal.close();
      }
    }
    expect(existsSync(inHome('.cursor', `mcp.json${COPY}`))).toBe(true);
    expect(await command('uninstall', 'cursor', '--yes')).toMatchObject({exitCode: 0, stderr: ''});
    expect(readdirSync(inHome('.cursor'))).toEqual(['mcp.json']);
    expect(readFileSync(inHome('.cursor', 'mcp.json'), 'utf8')).toBe('{}');
  });

  it('does what it can: a client that cannot be changed is named, and the others are done', async () => {
    const broken = write(inHome('.gemini', 'settings.json'), '{"a": ');
    const theirs = write(
      inHome('.config', 'zed', 'settings.json'),
      '{"context_servers": {"opencode-delegate": {"command": "python3", "args": ["x.py"]}}}',
    );
    const {stdout, exitCode} = await command('install', 'gemini', 'zed', 'cursor', '--yes');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`Gemini CLI: "${broken}": it is no JSON that can be read`);
    expect(stdout).toContain(`"${theirs}" has another server that is called opencode-delegate`);
    expect(stdout).toMatch(/^Cursor: it starts, and has [45] tools\.$/m);
    await command('uninstall', '--yes');
    expect(readFileSync(broken, 'utf8')).toBe('{"a": ');
  });

  it('says what does not work of what it has added', async () => {
    write(
      inHome('.cursor', 'mcp.json'),
      '{"mcpServers": {"opencode-delegate": {"command": "/gone/opencode-delegate"}}}',
    );
    const {stderr, exitCode} = await command('install', 'cursor', '--yes');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^Cursor: what it has been given does not work: it cannot be started: .*ENOENT/);
    await command('uninstall', 'cursor', '--yes');
  });

  it.each([
    [['install', 'emacs'], /No client is called "emacs"\. They are: claude-code, codex, /],
    [['install', '--global', '--project'], /--global or --project, not both/],
    [['install', 'cursor', '--project', '--yes'], /Install the package first: npm install -g/],
  ])('refuses what makes no sense: %j', async (args, says) => {
    expect(await command(...args)).toMatchObject({exitCode: 2, stderr: expect.stringMatching(says)});
  });

  it('is refused in the shell of a delegated agent', async () => {
    const env = {OPENCODE_DELEGATE_INSIDE: '1'};
    for (const args of [
      ['install', 'cursor', '--yes'],
      ['uninstall', '--yes'],
    ])
      expect(await runCommand(sandbox, args, {env})).toMatchObject({
        ...{exitCode: 2, stderr: expect.stringMatching(/^A delegated agent does not change/)},
      });
  });

  it('is refused where it is not known whose files are meant', async () => {
    const {exitCode, stderr} = await runCommand(sandbox, ['install', 'cursor'], {env: {HOME: 'nowhere'}});
    expect({exitCode, stderr}).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('HOME="nowhere"'),
    });
  });
});

describe('clients have us after install, and nothing of us after uninstall', () => {
  it('OpenCode, which delegates', async () => {
    const folder = inHome('.config', 'opencode');
    const before = Object.fromEntries(readdirSync(folder).map((name) => [name, textIn(join(folder, name))]));
    expect(await command('install', 'opencode', '--yes')).toMatchObject({exitCode: 0, stderr: ''});
    const {stdout} = await execa('opencode', ['run', 'Delegate the inner work'], {
      ...{cwd: sandbox.project, env: sandbox.env, extendEnv: false, stdin: 'ignore'},
    });
    expect(stdout).toContain('Delegated.');
    await model.asked(({prompt}) => prompt === 'The inner work');
    await command('uninstall', 'opencode', '--yes');
    for (const [name, text] of Object.entries(before)) expect(textIn(join(folder, name)), name).toBe(text);
    expect(readdirSync(folder).filter((name) => name.startsWith('tui.') || name.includes(COPY))).toEqual([]);
  }, 120_000);

  it.runIf(PROGRAMS !== undefined)(
    'Claude Code, Codex and Gemini CLI, which connect to us',
    async () => {
      const env = {
        ...sandbox.env,
        PATH: [PROGRAMS, sandbox.env.PATH].join(delimiter),
        ...{GEMINI_API_KEY: 'x', GEMINI_CLI_TRUST_WORKSPACE: 'true', ANTHROPIC_API_KEY: 'sk-ant-dummy'},
        OPENCODE_DELEGATE_HOST: 'off',
      };
      const list = async (program: string) => {
        const options = {cwd: sandbox.project, env, extendEnv: false, all: true, stdin: 'ignore'} as const;
        return (await execa(program, ['mcp', 'list'], options)).all;
      };
      const dotfile = write(inHome('dotfiles', 'codex.toml'), '# mine\nmodel = "x"   # why\n');
      mkdirSync(inHome('.codex'));
      symlinkSync(dotfile, inHome('.codex', 'config.toml'));
      const settings = '{\n\t// mine\n\t"security": {"auth": {"selectedType": "gemini-api-key"}} // key\n}\n';
      write(inHome('.gemini', 'settings.json'), settings);
      write(inHome('.claude.json'), '{"hasCompletedOnboarding": true}\n');
      // Each puts its own things into its files first.
      for (const program of ['claude', 'codex', 'gemini']) await list(program);
      const files = ['.claude.json', '.codex/config.toml', '.gemini/settings.json'].map((file) =>
        inHome(file),
      );
      const before = files.map(textIn);
      await command('install', 'claude-code', 'codex', 'gemini', '--yes');
      expect(await list('claude')).toMatch(/^opencode-delegate: .* Connected/m);
      expect(await list('codex')).toMatch(/^opencode-delegate .* enabled/m);
      expect(await list('gemini')).toMatch(/opencode-delegate: .* Connected/);
      await command('uninstall', '--yes');
      expect(files.map(textIn)).toEqual(before);
      for (const file of ['.claude/settings.json', '.codex/hooks.json'])
        expect(existsSync(inHome(file))).toBe(false);
    },
    240_000,
  );
});

function textIn(file: string): string {
  return statSync(file).isFile() ? readFileSync(file, 'utf8') : '';
}
