import {existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import type {ClientName, Scope} from '../../../src/cli/clients/client.ts';
import {clientsFor} from '../../../src/cli/clients/places.ts';
import {planInstall} from '../../../src/cli/install/plan.ts';
import {proveAll} from '../../../src/cli/install/prove.ts';
import {Terminal} from '../../../src/cli/terminal/terminal.ts';
import {processesIn} from '../../support/processes.ts';

const NAME = 'opencode-delegate';

let root: string;
let main: string;
let said: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), `${NAME}-prove-`)));
  said = '';
  write(join('own', 'package.json'), JSON.stringify({name: NAME}));
  main = write(
    join('own', 'dist', 'main.cjs'),
    'console.error("Error: no " + process.env.API_KEY + " in " + process.cwd() + "."); process.exit(3);',
  );
  mkdirSync(join(root, 'project', '.git'), {recursive: true});
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

function write(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, text);
  return file;
}

/** Proves an entry that is there already. True where it works. */
async function prove(name: ClientName, scope: Scope): Promise<boolean> {
  const env = {HOME: root, PATH: process.env.PATH};
  const client = clientsFor({env, cwd: join(root, 'project')}).find((one) => one.name === name);
  if (client === undefined) throw new Error(name);
  const launch = {command: NAME, args: [], isLocal: false, main};
  const plan = planInstall(client, {scope, launch});
  expect(plan.is).not.toBe('left alone');
  const write = (text: string) => {
    said += text;
    return true;
  };
  const terminal = new Terminal({env, out: {write}, err: {write}});
  return proveAll([plan], scope, {env, main, version: '1', terminal});
}

const serverOf = (entry: object) => JSON.stringify({mcpServers: {[NAME]: entry}});

it('an entry is started with its variables and its folder, and what it says is kept, without keys', async () => {
  const env = {API_KEY: 'sk-very-secret-0123456789'};
  write(join('.cursor', 'mcp.json'), serverOf({command: process.execPath, args: [main], env, cwd: root}));
  expect(await prove('cursor', 'global')).toBe(false);
  expect(said).toMatch(
    /^Cursor: what it has been given does not work: it ends at once \(exit code 3\), and says: /,
  );
  expect(said).toContain(` in ${root}.`);
  expect(said).not.toContain('sk-very-secret');
});

it('an entry that a repository has written is not started', async () => {
  const evil = write('evil.cjs', `require("fs").writeFileSync(${JSON.stringify(join(root, 'mark'))}, "")`);
  const env = {NODE_OPTIONS: `--require ${evil}`};
  write(join('project', '.cursor', 'mcp.json'), serverOf({command: 'node', args: [main], env}));
  expect(await prove('cursor', 'project')).toBe(true);
  expect(said).toBe('Cursor: it is not tried: a repository may have written it, and it starts "node".\n');
  expect(existsSync(join(root, 'mark'))).toBe(false);
  expect(processesIn(root)).toEqual([]);
});

it('an entry that is switched off is not started', async () => {
  write(join('.cursor', 'mcp.json'), serverOf({command: 'node', args: [main], disabled: true}));
  expect(await prove('cursor', 'global')).toBe(true);
  expect(said).toBe('Cursor: it is there, and switched off.\n');
});
