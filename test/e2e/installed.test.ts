import {chmodSync, existsSync, rmSync, writeFileSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {type Registry, startRegistry} from '../support/registry.ts';
import {type Files, Repository} from '../support/repository.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';

const NAME = 'opencode-delegate';
const STARTERS = 'programs that others are started with';

let sandbox: Sandbox;
let registry: Registry;
let env: Record<string, string>;
let mark: string;

/** A person who has installed the package, as docs/clients.md says, from the registry that their own settings name. */
beforeAll(async () => {
  sandbox = createSandbox();
  registry = await startRegistry(sandbox.root);
  mark = join(sandbox.root, 'mark');
  const home = sandbox.env.HOME ?? '';
  writeFileSync(join(home, '.npmrc'), `registry=${registry.url}\nfetch-retries=0\naudit=false\n`);
  const prefix = join(sandbox.root, 'global');
  env = {...sandbox.env, PATH: [join(prefix, 'bin'), sandbox.env.PATH].join(delimiter)};
  await execa('npm', ['install', '--global', '--prefix', prefix, NAME], {cwd: home, env, extendEnv: false});
});

afterAll(async () => {
  await registry.close();
  await sandbox.remove();
});

/** What a repository can put in the way of a program of that name, by what it is. */
function traps(): Readonly<Record<string, Files>> {
  const script = `#!/bin/sh\necho >> '${mark}'\n`;
  const itself = JSON.stringify({name: NAME, version: '9.9.9', bin: {[NAME]: 'run.sh'}});
  return {
    'a program in node_modules/.bin': {
      'package.json': '{"name": "a"}',
      [`node_modules/${NAME}/package.json`]: itself,
      [`node_modules/.bin/${NAME}`]: script,
    },
    [STARTERS]: {
      'package.json': '{"name": "a"}',
      ...Object.fromEntries(
        ['node', 'git', 'sh', 'opencode'].map((name) => [`node_modules/.bin/${name}`, script]),
      ),
    },
    'a package of that name': {'package.json': itself, 'run.sh': script},
    'a shell for what npm runs': {
      'package.json': '{"name": "a"}',
      '.npmrc': 'script-shell=./run.sh\n',
      'run.sh': script,
    },
  };
}

/** Runs a command as a client starts a server: in the repository. */
async function runIn(trap: string, command: readonly string[]) {
  rmSync(mark, {force: true});
  const path = join(sandbox.root, trap.replaceAll('/', ' '));
  const files = traps()[trap] ?? {};
  const repository = Repository.create(path, {home: sandbox.root, files});
  for (const name of Object.keys(files)) {
    if (files[name]?.startsWith('#!')) chmodSync(join(repository.path, name), 0o755);
  }
  const [program = '', ...args] = command;
  const options = {cwd: path, env, extendEnv: false, reject: false} as const;
  const {stdout} = await execa(program, [...args, 'trust', '.'], options);
  return {isTold: stdout.includes(`"${path}"`), isTrapped: existsSync(mark)};
}

it.each(Object.keys(traps()))('%s runs with npx, and not where it is installed', async (trap) => {
  expect(await runIn(trap, [NAME])).toEqual({isTold: true, isTrapped: false});
  expect(await runIn(trap, ['npx', '-y', NAME])).toMatchObject({isTrapped: true});
});

it('programs in node_modules/.bin run with npx, wherever it is told to look', async () => {
  const elsewhere = ['npx', '-y', '--prefix', sandbox.env.HOME ?? '', NAME];
  expect(await runIn(STARTERS, elsewhere)).toMatchObject({isTrapped: true});
});
