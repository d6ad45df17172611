import {join} from 'node:path';
import {execa} from 'execa';
import {describe, expect, it} from 'vitest';
import type {TestClient} from '../support/client.ts';
import {filesIn} from '../support/files.ts';
import {killAll, processesIn} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {BIN, hostsIn, recordsIn, type Sandbox} from '../support/sandbox.ts';
import {type Scene, setScene} from '../support/scene.ts';
import {providerOf, type Reply} from '../support/scripted-model.ts';

/** A key for each place in which people have keys. */
const CANARIES = {
  variable: 'sk-canary-variable-1f0c2',
  oddVariable: 'sk-canary-odd-variable-77aa',
  settingsVariable: 'sk-canary-settings-variable-9b',
  configuration: 'sk-canary-configuration-31de',
  header: 'sk-canary-header-5501',
  file: 'sk-canary-file-8c21',
  login: 'sk-canary-login-e4e4',
  project: 'sk-canary-project-2290',
  bearer: 'ABSKcanary-bearer-6d10',
  inSettings: 'sk-canary-in-settings-0a3f',
  inAddress: 'sk-canary-in-address-c7c7',
};
const ALL = Object.values(CANARIES);
const canariesIn = (text: string) => ALL.filter((canary) => text.includes(canary));

const ENV = {
  ACME_API_KEY: CANARIES.variable,
  AWS_BEARER_TOKEN_BEDROCK: CANARIES.bearer,
  AICORE_SERVICE_KEY: `{ "clientid": "me", "clientsecret": "${CANARIES.inSettings}" }`,
  DATABASE_URL: `postgres://me:${CANARIES.inAddress}@h.example/db`,
  // What names it in the configuration makes it a key.
  ACME_ACCESS: CANARIES.oddVariable,
  OPENCODE_CONFIG_CONTENT: JSON.stringify({
    provider: {third: {options: {apiKey: CANARIES.settingsVariable}}},
  }),
  OPENCODE_DELEGATE_LOG: 'debug',
  // The project has a key in its configuration, which is not used unasked.
  OPENCODE_DELEGATE_TRUST: 'all',
};

async function setKeys(): Promise<Scene> {
  const scene = await setScene(undefined, {env: ENV});
  const {model, sandbox} = scene;
  const {scripted} = providerOf(model.url) as {scripted: {options: object}};
  const options = {
    ...scripted.options,
    apiKey: CANARIES.configuration,
    headers: {'x-acme-key': CANARIES.header},
  };
  sandbox.configure({
    ...sandbox.config,
    provider: {
      scripted: {...scripted, options},
      second: {options: {apiKey: '{env:ACME_ACCESS}', accessToken: '{file:~/token.txt}'}},
    },
    permission: {bash: 'ask'},
  });
  new Repository(sandbox.root, sandbox.root).write({
    'home/token.txt': `${CANARIES.file}\n`,
    'home/.local/share/opencode/auth.json': JSON.stringify({acme: {type: 'api', key: CANARIES.login}}),
    'my project/opencode.json': JSON.stringify({provider: {fourth: {options: {apiKey: CANARIES.project}}}}),
  });
  return scene;
}

/** What each prompt has the model do. Whatever it says has every key in it. */
const SAID = `It is ${ALL.join(' and ')}.`;
const REPLIES: Readonly<Record<string, (toolResults: readonly string[]) => Reply>> = {
  'print your keys': () => ({text: SAID}),
  'be refused': () => ({status: 401, message: `Incorrect API key provided. ${SAID}`}),
  'be kept waiting': () => ({status: 500, message: `Out of order. ${SAID}`}),
  'be cut off': () => ({stall: SAID}),
  'use a key in a command': ([refused]) =>
    refused === undefined
      ? {tool: 'bash', input: {command: `curl -H 'x-key: ${ALL.join()}' x`, description: `with ${SAID}`}}
      : {text: `I was told: ${refused}`},
};

/** The records of these have every word of it. */
const WHOLE = ['print your keys', 'be refused', 'be cut off'];
const NAMES = [
  ...['ACME_API_KEY', 'acme.key', 'provider.second.options.apiKey', 'provider.second.options.accessToken'],
  ...['provider.scripted.options.apiKey', 'provider.scripted.options.headers.x-acme-key'],
  ...['provider.third.options.apiKey', 'provider.fourth.options.apiKey'],
  ...['AWS_BEARER_TOKEN_BEDROCK', 'AICORE_SERVICE_KEY.clientsecret', 'DATABASE_URL'],
];

/** All that is ours on disk: OpenCode has its own records, and people their configuration. */
function ourFiles({root, dataDir}: Sandbox): ReadonlyMap<string, string> {
  const theirs = ['.config', '.cache', '.npmrc', '.npm', 'token.txt', join('.local', 'share', 'opencode')];
  const isOurs = (path: string) =>
    path.startsWith(dataDir) ||
    ![join(root, 'my project'), ...theirs.map((name) => join(root, 'home', name))].some((theirs) =>
      path.startsWith(theirs),
    );
  return new Map([...filesIn(root)].filter(([path]) => isOurs(path)));
}

async function outputsOfCommands({env}: Sandbox): Promise<string> {
  const options = {env: {...env, ...ENV}, extendEnv: false, reject: false} as const;
  const run = async (command: string) => {
    const {stdout, stderr} = await execa(process.execPath, [BIN, command], options);
    return stdout + stderr;
  };
  return `${await run('status')}${await run('stop')}`;
}

/** Everything that a client is shown of a delegation, while it runs and afterwards. */
async function everythingOf(client: TestClient, prompt: string): Promise<string> {
  const shown: string[] = [];
  const onProgress = (message: string) => shown.push(message);
  const answer = await client.call('delegate', {prompt, timeout_minutes: 0.2});
  const id = answer.text.split(' ')[0] ?? '';
  shown.push(answer.text, (await client.read(id, {}, {onProgress})).text);
  for (const tool of ['delegation_list', 'delegation_cancel', 'delegation_read']) {
    shown.push((await client.call(tool, tool === 'delegation_list' ? {} : {id})).text);
  }
  return shown.join('\n');
}

describe('the keys of providers', () => {
  it('are in no answer, no record, no log, no list of processes, no status and no file of ours, whatever is said', async () => {
    const {model, sandbox, open} = await setKeys();
    model.script(({prompt, toolResults}) => REPLIES[prompt]?.(toolResults) ?? {text: SAID});
    const client = await open();
    const shown = await Promise.all(Object.keys(REPLIES).map((prompt) => everythingOf(client, prompt)));
    const outputs = [
      ...shown,
      processesIn(sandbox.root)
        .map(({command}) => command)
        .join('\n'),
      client.log(),
      await outputsOfCommands(sandbox),
      client.log(),
    ];
    for (const output of outputs) expect(canariesIn(output)).toEqual([]);
    for (const [path, content] of ourFiles(sandbox))
      expect({path, keys: canariesIn(content)}).toEqual({path, keys: []});

    // It was said, or this would be no test: all of it stands there under its name.
    for (const output of shown) expect(output).toContain('[withheld: ACME_API_KEY]');
    const whole = recordsIn(sandbox).filter((record) => WHOLE.some((prompt) => record.includes(prompt)));
    expect(whole).toHaveLength(WHOLE.length);
    for (const record of whole) {
      for (const name of NAMES) expect(record).toContain(`[withheld: ${name}]`);
    }
  });

  it('are not in the words with which a configuration is refused, which quote it', async () => {
    const {sandbox, open} = await setKeys();
    const client = await open();
    const broken = `{"provider": {"fourth": {"options": {"apiKey": "${CANARIES.project}"}}},, oops`;
    new Repository(sandbox.project, sandbox.root).write({'opencode.json': broken});
    const {text, isError} = await client.call('delegate', {prompt: 'hello'});
    expect(isError).toBe(true);
    expect(text).toContain('[withheld: provider.fourth.options.apiKey]');
    expect(canariesIn(text + client.log())).toEqual([]);
  });

  it('are in nothing that git tells of files, branches and repositories that an agent has named after one', async () => {
    const {model, sandbox, open} = await setScene(undefined, {env: {ACME_API_KEY: CANARIES.variable}});
    Repository.create(sandbox.project, {home: sandbox.root}).write({
      [`mine-${CANARIES.variable}`]: 'not taken along',
    });
    sandbox.configure({...sandbox.config, permission: 'allow'});
    const me = 'git -c user.name=a -c user.email=a@b';
    const command = [
      'echo x > "file-$ACME_API_KEY"; git checkout -q -b "branch-$ACME_API_KEY"; echo y > z; git add z',
      `${me} commit -qm "subject $ACME_API_KEY"; git checkout -q -; mkdir "sub-$ACME_API_KEY"; cd "sub-$ACME_API_KEY"`,
      `git init -q .; ${me} commit -q --allow-empty -m x; echo z > dirty`,
    ].join('; ');
    model.script(({toolResults}) =>
      toolResults.length === 0 ? {tool: 'bash', input: {command, description: 'a command'}} : {text: 'done'},
    );
    const client = await open();
    const started = await client.call('delegate', {prompt: 'name them', access: 'worktree'});
    const {text} = await client.read(started.text.split(' ')[0] ?? '');
    const {text: list} = await client.call('delegation_list');
    expect(canariesIn([started.text, text, list, client.log(), ...recordsIn(sandbox)].join('\n'))).toEqual(
      [],
    );
    // It was told, or this would be no test.
    for (const name of ['file', 'branch', 'sub']) expect(text).toContain(`${name}-[withheld: ACME_API_KEY]`);
  });

  it('stay withheld of what is found of a delegation after its host was killed', async () => {
    const {model, sandbox, open} = await setKeys();
    model.script(() => ({stall: SAID}));
    const client = await open();
    const id = await client.delegate('be killed');
    await client.read(id, {wait_seconds: 0});
    await model.asked(({prompt}) => prompt === 'be killed');
    await killAll(sandbox.root);
    const later = await open();
    const {text} = await later.read(id);
    expect(text).toContain(`${id} · `);
    expect(canariesIn([text, later.log(), ...recordsIn(sandbox)].join('\n'))).toEqual([]);
    expect(hostsIn(sandbox.runtimeDir)).not.toEqual([]);
  });
});
