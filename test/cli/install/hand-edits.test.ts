import {spawnSync} from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {ClientName} from '../../../src/cli/clients/client.ts';
import {clientsFor} from '../../../src/cli/clients/places.ts';
import {carryOut, takeBack} from '../../../src/cli/install/carry-out.ts';
import {planInstall} from '../../../src/cli/install/plan.ts';
import {Receipts} from '../../../src/cli/install/receipts.ts';
import {planUninstall} from '../../../src/cli/install/unplan.ts';
import {temporaryOf} from '../../../src/process/temporary.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.cjs');
const launch = {command: 'node', args: [MAIN], isLocal: true, main: MAIN};
const scope = 'global';

let root: string;
let env: NodeJS.ProcessEnv;
let receipts: Receipts;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-edits-')));
  env = {HOME: root, PATH: process.env.PATH};
  receipts = new Receipts(env);
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

const inHome = (...path: readonly string[]) => join(root, ...path);

function clientNamed(name: ClientName) {
  return clientsFor({env, cwd: root}).filter((client) => client.name === name);
}

async function install(name: ClientName): Promise<void> {
  for (const client of clientNamed(name))
    for (const change of planInstall(client, {scope, launch}).changes)
      await carryOut(change, {receipts, scope});
}

async function uninstall(name: ClientName): Promise<void> {
  for (const client of clientNamed(name))
    for (const change of planUninstall(client, {scope, receipts: receipts.all()}).changes)
      await takeBack(change, {receipts, scope});
}

describe('uninstall after the person has changed a file', () => {
  it('keeps a hook that the person has put into our group', async () => {
    await install('claude-code');
    const file = inHome('.claude', 'settings.json');
    const settings = JSON.parse(readFileSync(file, 'utf8'));
    const own = {type: 'command', command: 'my-own-hook'};
    settings.hooks.UserPromptSubmit[0].hooks.push(own);
    writeFileSync(file, JSON.stringify(settings));
    await uninstall('claude-code');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({hooks: {UserPromptSubmit: [{hooks: [own]}]}});
  });

  it('removes the file that a link leads to, and leaves the link', async () => {
    mkdirSync(inHome('dotfiles'));
    await install('cursor');
    const [link, target] = [inHome('.cursor', 'mcp.json'), inHome('dotfiles', 'mcp.json')];
    renameSync(link, target);
    symlinkSync(target, link);
    await uninstall('cursor');
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
    const file = inHome('.cursor', 'mcp.json');
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text);
    await install('cursor');
    addLine(file);
    await uninstall('cursor');
    expect(readFileSync(file, 'utf8')).toBe(`${text}\n`);
  });

  const stop = {stop: [{command: 'my-own-hook'}]};
  const hooks = () => inHome('.cursor', 'hooks.json');

  it('takes the version out where the hooks of the person had none', async () => {
    const text = JSON.stringify({hooks: stop}, undefined, 2);
    mkdirSync(dirname(hooks()), {recursive: true});
    writeFileSync(hooks(), text);
    await install('cursor');
    expect(JSON.parse(readFileSync(hooks(), 'utf8')).version).toBe(1);
    addLine(hooks());
    await uninstall('cursor');
    expect(readFileSync(hooks(), 'utf8')).toBe(`${text}\n`);
  });

  it.each([
    ['came later and may need it', 1, stop],
    ['is of another version by now', 2, undefined],
  ])('leaves the version to what %s', async (_, version, own) => {
    await install('cursor');
    const {hooks: ours} = JSON.parse(readFileSync(hooks(), 'utf8'));
    const merged = own === undefined ? ours : {...ours, stop: [...ours.stop, ...own.stop]};
    writeFileSync(hooks(), JSON.stringify({version, hooks: merged}));
    await uninstall('cursor');
    expect(JSON.parse(readFileSync(hooks(), 'utf8'))).toEqual(
      own === undefined ? {version} : {version, hooks: own},
    );
  });
});

describe('a file that has another name', () => {
  it('keeps it when it is written, and when that is taken back', async () => {
    const [file, other] = [inHome('.gemini', 'settings.json'), inHome('dotfiles', 'gemini.json')];
    for (const one of [file, other]) mkdirSync(dirname(one), {recursive: true});
    const text = '{\n  "a": "ä, and more than comes after it"\n}\n';
    writeFileSync(other, text);
    linkSync(other, file);
    await install('gemini');
    expect(JSON.parse(readFileSync(other, 'utf8')).mcpServers).toBeDefined();
    expect(readFileSync(`${file}.before-opencode-delegate`, 'utf8')).toBe(text);
    await uninstall('gemini');
    expect(readFileSync(other, 'utf8')).toBe(text);
    expect(statSync(file).ino).toBe(statSync(other).ino);
    expect(readdirSync(dirname(file))).toEqual(['settings.json']);
  });
});

describe('two installs at once', () => {
  it('both leave word of what is to be taken back', async () => {
    const names = ['claude-code', 'codex', 'cursor', 'gemini', 'zed'] as const;
    await Promise.all(names.map(install));
    for (const name of names) await uninstall(name);
    expect(readdirSync(root).filter((name) => name !== '.local')).toEqual([]);
  });
});

describe('an install that is killed', () => {
  it('leaves no copy of a file that uninstall does not remove', async () => {
    const file = inHome('.cursor', 'mcp.json');
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, '{}');
    // As one that has got no further than its copy.
    const [client] = clientNamed('cursor');
    const [change] = client === undefined ? [] : planInstall(client, {scope, launch}).changes;
    if (change === undefined) throw new Error('nothing is to be changed');
    await expect(carryOut({...change, before: '{ }'}, {receipts, scope})).rejects.toThrow('in the meantime');
    const {pid} = spawnSync(process.execPath, ['-e', '0']);
    const left = temporaryOf(file).replace(`-${process.pid}-`, `-${pid}-`);
    writeFileSync(left, '{}');
    await uninstall('cursor');
    expect(readdirSync(dirname(file))).toEqual(['mcp.json']);
    expect(readFileSync(file, 'utf8')).toBe('{}');
  });
});

describe('a key that comes twice', () => {
  it('has us in its last place, which is the one that clients read', async () => {
    const file = inHome('.cursor', 'mcp.json');
    const text = '{\n  "mcpServers": {"a": {"command": "a"}},\n  "mcpServers": {"b": {"command": "b"}}\n}\n';
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text);
    await install('cursor');
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')).mcpServers)).toEqual([
      'b',
      'opencode-delegate',
    ]);
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n`);
    await uninstall('cursor');
    expect(readFileSync(file, 'utf8')).toBe(`${text}\n`);
  });
});
