import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {execa} from 'execa';
import getPort from 'get-port';
import {expect, it, onTestFinished} from 'vitest';
import {
  authorization,
  LISTENING,
  NO_PROJECT_VARIABLE,
  PASSWORD_VARIABLE,
  PRELOAD_VARIABLE,
} from '../../src/opencode/keeper/handed.ts';
import {TRANSIENT} from '../../src/opencode/server/server.ts';
import {isSessionThere} from '../../src/opencode/session/session-there.ts';
import {dataOf} from '../../src/opencode/wire/answer.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {providerOf} from '../support/scripted-model.ts';
import {UserOpenCode} from '../support/user-opencode.ts';

const BASE_URL = 'http://127.0.0.1:9/v1';

/** A home for the test that runs. */
function aHome(config: Record<string, unknown> = {}): Sandbox {
  const sandbox = createSandbox({modelUrl: BASE_URL, config});
  onTestFinished(() => sandbox.remove());
  return sandbox;
}

/** A server in it, which ends with the test at the latest. */
async function serve(sandbox: Sandbox, env: Record<string, string> = {}): Promise<UserOpenCode> {
  const opencode = await UserOpenCode.start(sandbox, {env});
  onTestFinished(() => opencode.kill());
  return opencode;
}

/** The command that starts one, with the address that it is to listen at. */
const on = (port: number) => ['serve', '--hostname', '127.0.0.1', '--port', String(port)];

it('says in known words that it listens, and answers only who has the password', async () => {
  const {project, env} = aHome();
  const port = await getPort({host: '127.0.0.1'});
  const child = execa('opencode', on(port), {
    ...{cwd: project, env: {...env, [PASSWORD_VARIABLE]: 'secret'}, extendEnv: false},
    ...{stdin: 'ignore', reject: false},
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child;
  });
  let said = '';
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes(LISTENING)) resolve();
    });
    void child.finally(resolve);
  });
  expect(said).toContain(LISTENING);
  const ask = (path: string, password: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, {headers: {authorization: authorization(password)}});
  const health = await ask('/global/health', 'secret');
  expect(await health.json()).toMatchObject({version: expect.stringMatching(/^\d+\.\d+\.\d+/)});
  for (const path of ['/global/health', '/session', '/global/event']) {
    expect((await ask(path, 'wrong')).status).toBe(401);
  }
});

it('keeps all that it writes where it is told when it is loaded, and writes a login where a link leads', async () => {
  const sandbox = aHome();
  const {root} = sandbox;
  const [own, theirs] = [join(root, 'own', 'opencode'), join(root, 'home/.local/share/opencode')];
  for (const folder of [own, theirs]) mkdirSync(folder, {recursive: true});
  for (const name of readdirSync(theirs)) rmSync(join(theirs, name), {recursive: true});
  const login = join(theirs, 'auth.json');
  writeFileSync(login, '{"a":{"type":"api","key":"one"}}');
  symlinkSync(login, join(own, 'auth.json'));
  const {client} = await serve(sandbox, {XDG_DATA_HOME: join(root, 'own')});
  expect((await client.auth.set({providerID: 'b', auth: {type: 'api', key: 'two'}})).error).toBeUndefined();
  expect(lstatSync(join(own, 'auth.json')).isSymbolicLink()).toBe(true);
  expect(JSON.parse(readFileSync(login, 'utf8'))).toMatchObject({a: {key: 'one'}, b: {key: 'two'}});
  expect(readdirSync(theirs)).toEqual(['auth.json']);
  expect(readdirSync(own)).toEqual(expect.arrayContaining(['log', 'opencode.db']));
});

it('ends where its port is taken, in words that are known to pass', async () => {
  const {project, env} = aHome();
  const other = createServer();
  const port = await getPort({host: '127.0.0.1'});
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const {exitCode, all} = await execa('opencode', on(port), {
    ...{cwd: project, env, extendEnv: false, stdin: 'ignore', all: true, reject: false},
  });
  expect(exitCode).toBe(1);
  expect(all).toMatch(TRANSIENT);
});

it('runs the file of BUN_INSPECT_PRELOAD first, and imports what that has made of node:fs', async () => {
  const sandbox = aHome();
  const first = join(sandbox.root, 'first.js');
  const seen = join(sandbox.root, 'first.json');
  writeFileSync(
    first,
    `const fs = process.getBuiltinModule('node:fs');
const {access, writeFileSync} = fs;
fs.access = Object.assign((...given) => access(...given), access);
const imported = await import('node:fs');
const said = {words: process.argv, isChanged: imported.access === fs.access};
writeFileSync(${JSON.stringify(seen)}, JSON.stringify(said));`,
  );
  await serve(sandbox, {[PRELOAD_VARIABLE]: first});
  expect(JSON.parse(readFileSync(seen, 'utf8'))).toEqual({
    words: expect.arrayContaining(['serve', '--port']),
    isChanged: true,
  });
});

it('has later configuration win, fills in variables and files, adds $schema, and reads all of it once', async () => {
  const sandbox = aHome({username: 'global', model: 'scripted/model', instructions: ['{env:GIVEN}']});
  writeFileSync(join(sandbox.project, 'name.txt'), 'project\n');
  writeFileSync(
    join(sandbox.project, 'opencode.json'),
    JSON.stringify({username: '{file:name.txt}', model: 'scripted/of-project', permission: {bash: 'allow'}}),
  );
  const {client} = await serve(sandbox, {
    GIVEN: 'from a variable',
    OPENCODE_CONFIG_CONTENT: JSON.stringify({model: 'scripted/of-content', permission: {edit: 'ask'}}),
    OPENCODE_PERMISSION: JSON.stringify({bash: 'deny'}),
  });
  const first = await dataOf(client.config.get());
  expect(first).toMatchObject({
    username: 'project',
    model: 'scripted/of-content',
    instructions: ['from a variable'],
    permission: {bash: 'deny', edit: 'ask'},
  });
  expect(JSON.parse(readFileSync(sandbox.configFile, 'utf8'))).toHaveProperty('$schema');
  sandbox.configure({...sandbox.config, username: 'changed', model: 'scripted/changed'});
  writeFileSync(join(sandbox.project, 'opencode.json'), JSON.stringify({username: 'changed'}));
  expect(await dataOf(client.config.get())).toEqual(first);
});

it.each([
  [{}, {username: 'project', isLoaded: true}],
  [{OPENCODE_PURE: '1'}, {username: 'project', isLoaded: false}],
  [{OPENCODE_PURE: '1', [NO_PROJECT_VARIABLE]: '1'}, {isLoaded: false}],
])(
  'loads plugins, and what a project configures, unless variables say that it must not: %j',
  async (env, there) => {
    const sandbox = aHome();
    const [loaded, plugin] = [join(sandbox.root, 'loaded'), join(sandbox.root, 'plugin.js')];
    writeFileSync(
      plugin,
      `import {writeFileSync} from 'node:fs';
export default {id: 'tells', server: async () => (writeFileSync(${JSON.stringify(loaded)}, ''), {})};`,
    );
    mkdirSync(join(sandbox.project, '.opencode'));
    const settings = {username: 'project', plugin: [pathToFileURL(plugin).href]};
    writeFileSync(join(sandbox.project, '.opencode', 'opencode.json'), JSON.stringify(settings));
    const opencode = await serve(sandbox, env);
    const {username} = await dataOf(opencode.client.config.get());
    await opencode.session();
    const own = username === 'project' ? {username} : {};
    expect({...own, isLoaded: existsSync(loaded)}).toEqual(there);
  },
);

it('keeps sessions in one database for all of a home, or where OPENCODE_DB says', async () => {
  const sandbox = aHome();
  const one = await serve(sandbox);
  const sessionId = await one.session();
  await one.kill();
  const folder = join(sandbox.env.HOME ?? '', '.local', 'share', 'opencode');
  expect(readdirSync(folder)).toContain('opencode.db');
  const next = await serve(sandbox);
  expect(await isSessionThere(next.client, sessionId)).toBe(true);
  const apart = await serve(sandbox, {OPENCODE_DB: 'apart.db'});
  expect(await isSessionThere(apart.client, sessionId)).toBe(false);
  expect(readdirSync(folder)).toContain('apart.db');
});

it('lists the models of providers and the agents with their modes', async () => {
  const sandbox = aHome({
    provider: providerOf(BASE_URL, ['model', 'other']),
    agent: {mine: {mode: 'subagent', model: 'scripted/other', prompt: 'p'}},
  });
  const {client} = await serve(sandbox);
  const {providers} = await dataOf(client.config.providers());
  expect(Object.keys(providers.find(({id}) => id === 'scripted')?.models ?? {})).toEqual(['model', 'other']);
  const agents = await dataOf(client.app.agents());
  const modes = new Map(agents.map(({name, mode, hidden}) => [name, hidden === true ? 'hidden' : mode]));
  expect(Object.fromEntries(modes)).toMatchObject({
    ...{build: 'primary', plan: 'primary', general: 'subagent', explore: 'subagent', mine: 'subagent'},
    ...{summary: 'hidden', title: 'hidden', compaction: 'hidden'},
  });
  expect(agents.find(({name}) => name === 'mine')?.model).toEqual({
    ...{providerID: 'scripted', modelID: 'other'},
  });
});
