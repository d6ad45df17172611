import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {CLIENTS, type ClientName} from '../../../src/cli/clients/client.ts';
import {type Entry, readEntries} from '../../../src/cli/clients/entries.ts';
import {shakeHands} from '../../../src/cli/clients/handshake.ts';
import {isOwnProgram} from '../../../src/cli/clients/own-program.ts';
import {clientsFor} from '../../../src/cli/clients/places.ts';
import {troubleIn} from '../../../src/cli/clients/trouble.ts';
import {LEAST_TOOLS} from '../../../src/cli/doctor/clients.ts';
import {TOOL_DEFINITIONS} from '../../../src/mcp/server.ts';
import {processesIn} from '../../support/processes.ts';

const NAME = 'opencode-delegate';

let root: string;
let env: NodeJS.ProcessEnv;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'doctor-'));
  env = {HOME: root, PATH: process.env.PATH, KEY: 'value', EDITOR: 'ed'};
});

afterAll(() => rmSync(root, {recursive: true}));

/** The entries that a client's own file says, with this in it. */
function entriesIn(name: ClientName, file: string, content: string, cwd = root): readonly Entry[] {
  const path = join(root, file);
  mkdirSync(dirname(path), {recursive: true});
  writeFileSync(path, content);
  const client = clientsFor({env, cwd}).find((one) => one.name === name);
  const place = client?.files.find((one) => one.path === path);
  if (client === undefined || place === undefined) throw new Error(`no ${name} in ${path}`);
  const read = readEntries(client, place);
  return read.is === 'read' ? read.entries : [];
}

const braced = (name: string) => `\${${name}}`;
const launched = (entries: readonly Entry[]) =>
  entries.flatMap(({start}) => (start?.is === 'started' ? start.launch : []));

describe('what a client starts', () => {
  it('is given the few variables that Codex passes on, and those that the entry names', () => {
    const toml = `[mcp_servers.${NAME}]\ncommand = "${NAME}"\nenv_vars = ["KEY"]\n[mcp_servers.${NAME}.env]\nMORE = "1"\n`;
    const [launch] = launched(entriesIn('codex', '.codex/config.toml', toml));
    expect(launch?.env).toEqual({HOME: root, PATH: env.PATH, KEY: 'value', MORE: '1'});
    expect(launch).toMatchObject({command: NAME, args: [], waitMs: 10_000, cwd: root});
  });

  it.each([
    [
      'gemini',
      '.gemini/settings.json',
      'mcpServers',
      `$KEY ${braced('KEY')} ${braced('NONE:-else')} $NONE`,
      'value value else $NONE',
    ],
    [
      'cursor',
      '.cursor/mcp.json',
      'mcpServers',
      `$KEY ${braced('env:KEY')} ${braced('userHome')}`,
      '$KEY value ROOT',
    ],
    ['opencode', '.config/opencode/opencode.json', 'mcp', '{env:KEY} $KEY', 'value $KEY'],
    ['zed', '.config/zed/settings.json', 'context_servers', braced('KEY'), braced('KEY')],
  ] as const)('has the variables that %s writes out', (name, file, key, given, becomes) => {
    const entry = {command: 'node', args: [given], env: {OF: given}};
    const [launch] = launched(entriesIn(name, file, JSON.stringify({[key]: {[NAME]: entry}})));
    const expected = becomes.replace('ROOT', root);
    expect(launch?.args).toEqual([expected]);
    expect(launch?.env.OF).toBe(expected);
  });

  it('is the command of OpenCode with its arguments, and with the time that it waits', () => {
    const mcp = {
      own: {type: 'local', command: ['node', '/x/opencode-delegate/dist/main.cjs'], timeout: 60_000},
    };
    const [launch] = launched(
      entriesIn('opencode', '.config/opencode/opencode.jsonc', JSON.stringify({mcp})),
    );
    expect(launch).toMatchObject({command: 'node', args: [mcp.own.command[1]], waitMs: 60_000});
  });

  it('is read from TOML with what JavaScript has no number for, and after a byte order mark', () => {
    const toml = `\uFEFFlarge = 9007199254740993\n[mcp_servers.${NAME}]\ncommand = "x"\n`;
    expect(launched(entriesIn('codex', '.codex/config.toml', toml))).toMatchObject([{command: 'x'}]);
  });

  it('is known for every client, with a file of the person’s own', () => {
    const clients = clientsFor({env, cwd: join(root, 'project')});
    expect(clients.map(({name}) => name)).toEqual(CLIENTS);
    for (const {files, servers, name} of clients)
      for (const {file, kind} of servers.global ?? [])
        if (kind !== 'screen-plugins') expect(files, name).toContainEqual({path: file, isOwn: true});
    for (const {files, servers, name} of clients)
      for (const {file, kind} of servers.project ?? [])
        if (kind !== 'screen-plugins') expect(files, name).toContainEqual({path: file, isOwn: false});
  });

  it('is looked for in this project alone, and under no other name', () => {
    const content = {
      projects: {
        [root]: {mcpServers: {[NAME]: {command: 'here'}}},
        '/other': {mcpServers: {[NAME]: {command: 'x'}}},
      },
      mcpServers: {weather: {command: 'weather'}},
    };
    const found = launched(entriesIn('claude-code', '.claude.json', JSON.stringify(content)));
    expect(found.map(({command}) => command)).toEqual(['here']);
  });
});

describe('what a repository may have written', () => {
  const launch = {command: NAME, args: [], added: {}, cwd: '/', env: {}, waitMs: 1};
  const main = () => join(root, 'main.cjs');

  beforeAll(() => {
    writeFileSync(join(root, NAME), '');
    writeFileSync(main(), '');
  });

  it('is started where it is this very program', () => {
    expect(isOwnProgram({...launch, command: 'node', args: [main()]}, main(), env)).toBe(true);
    const setting = {OPENCODE_DELEGATE_LOG: 'debug'};
    expect(isOwnProgram({...launch, command: main(), added: setting}, main(), env)).toBe(true);
  });

  it.each([
    ['another program', {command: 'node', args: ['/other/main.cjs']}],
    ['one beside it', {command: './main.cjs'}],
    ['an argument more', {command: 'node', args: ['--require', './evil.js']}],
    ['a variable that loads code', {added: {NODE_OPTIONS: '--require ./evil.js'}}],
    ['another OpenCode', {added: {OPENCODE_DELEGATE_BIN: './evil'}}],
  ])('and not with %s', (_, change) => {
    expect(isOwnProgram({...launch, command: main(), ...change}, main(), env)).toBe(false);
  });
});

describe('a handshake', () => {
  it('that is interrupted leaves no process', async () => {
    const code = 'setInterval(() => {}, 1e6); process.on("SIGTERM", () => {})';
    const launch = {command: process.execPath, args: ['-e', code], added: {}, cwd: root, env, waitMs: 60_000};
    const controller = new AbortController();
    const shaking = shakeHands(launch, controller.signal);
    controller.abort();
    expect(await shaking).toEqual({is: 'interrupted'});
    expect(processesIn(root)).toEqual([]);
  });

  it('with a folder that is gone says so', async () => {
    const launch = {
      command: process.execPath,
      args: [],
      added: {},
      cwd: join(root, 'gone'),
      env,
      waitMs: 60_000,
    };
    const found = await shakeHands(launch, new AbortController().signal);
    expect(found).toEqual({is: 'missing', says: expect.stringContaining('gone')});
  });

  it.each([
    ['no name', ''],
    ['a name that none can have', 'a\u0000b'],
    ['a name that is none', '/'],
  ])('with a program of %s says so', async (_, command) => {
    const launch = {command, args: [], added: {}, cwd: root, env, waitMs: 60_000};
    expect(await shakeHands(launch, new AbortController().signal)).toMatchObject({is: 'missing'});
  });

  it('that nobody wants any more starts nothing', async () => {
    const launch = {command: '/nowhere', args: [], added: {}, cwd: root, env, waitMs: 1};
    expect(await shakeHands(launch, AbortSignal.abort())).toEqual({is: 'interrupted'});
  });

  it('keeps what a program says before it ends, without its keys', async () => {
    const code = 'console.error("Error: no " + process.env.API_KEY); process.exit(3)';
    const keys = {...env, API_KEY: 'sk-very-secret-0123456789'};
    const launch = {
      command: process.execPath,
      args: ['-e', code],
      added: {},
      cwd: root,
      env: keys,
      waitMs: 60_000,
    };
    const found = await shakeHands(launch, new AbortController().signal);
    expect(found).toMatchObject({is: 'ended', how: 'exit code 3'});
    if (found.is === 'ours') throw new Error('it is not ours');
    const trouble = troubleIn(found, launch);
    expect(trouble).toMatch(/^ends at once \(exit code 3\), and says: Error: no /);
    expect(trouble).not.toContain('sk-very-secret');
  });

  it('expects the tools that are always there', () => {
    const names = TOOL_DEFINITIONS.map(({name}) => name);
    expect([...LEAST_TOOLS].sort()).toEqual([...names].sort());
  });
});
