import {existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type ConnectOptions, connect, ERAS, type TestClient} from '../support/client.ts';
import {
  allGone,
  descendantsOf,
  eventually,
  processesIn,
  processTable,
  signalEach,
} from '../support/processes.ts';
import {BIN, createSandbox, hostsIn, type Sandbox} from '../support/sandbox.ts';

const NONE = 'No delegations in this project yet.';

describe('the host', () => {
  let sandbox: Sandbox;
  let clients: TestClient[];

  beforeEach(() => {
    sandbox = createSandbox();
    clients = [];
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await sandbox.remove();
  });

  async function open({env = {}, ...options}: ConnectOptions = {}): Promise<TestClient> {
    const client = await connect(sandbox, {...options, env: {OPENCODE_DELEGATE_HOST: 'on', ...env}});
    clients.push(client);
    return client;
  }

  async function list(client: TestClient): Promise<string> {
    return (await client.call('delegation_list')).text;
  }

  const running = () => processesIn(sandbox.root).filter(({command}) => / host$/.test(command));
  const files = () => readdirSync(sandbox.runtimeDir).sort();

  it('is one for twenty clients that come at the same instant, and answers all of them', async () => {
    const all = await Promise.all(Array.from({length: 20}, (_, n) => open({era: ERAS[n % 2] ?? ERAS[0]})));
    expect(await Promise.all(all.map(list))).toEqual(all.map(() => NONE));
    await eventually(() => running().length === 1);
    expect(hostsIn(sandbox.runtimeDir)).toEqual([running()[0]?.pid]);
    expect(sandbox.hostLog().match(/ listens at /g)).toHaveLength(1);
  });

  it('is nobody’s descendant, and in no session or process group of its client’s', async () => {
    const client = await open();
    const [host] = hostsIn(sandbox.runtimeDir);
    const table = processTable();
    expect(descendantsOf(client.pid, table)).not.toContain(host);
    expect(descendantsOf(process.pid, table)).not.toContain(host);
    const own = table.find(({pid}) => pid === host);
    const shared = table.filter(({pid, session, group}) => {
      return pid !== host && (session === own?.session || group === own?.group);
    });
    expect(shared).toEqual([]);
  });

  it('keeps folder and socket to the user, and out of the way of the client', async () => {
    await open();
    const [lock, socket, ...rest] = files();
    expect([lock, socket, ...rest]).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}\.lock$/),
      expect.stringMatching(/^[0-9a-f]{16}\.sock$/),
    ]);
    const mode = (path: string) => statSync(path).mode & 0o777;
    expect(mode(sandbox.runtimeDir)).toBe(0o700);
    expect(mode(join(sandbox.runtimeDir, lock ?? ''))).toBe(0o600);
    expect(mode(join(sandbox.runtimeDir, socket ?? ''))).toBe(0o600);
  });

  it('ends when nobody needs it, and leaves no process, socket or lock', async () => {
    const client = await open();
    await list(client);
    await client.close();
    await allGone(sandbox.root);
    expect(files()).toEqual([]);
    expect(sandbox.hostLog()).toContain('the host has ended');
  });

  it('stays as long as a client is there, and serves the others when one is killed', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const [host] = hostsIn(sandbox.runtimeDir);
    process.kill(one.pid, 'SIGKILL');
    await eventually(() => !processesIn(sandbox.root).some(({pid}) => pid === one.pid));
    expect(await list(two)).toBe(NONE);
    expect(await list(await open())).toBe(NONE);
    expect(hostsIn(sandbox.runtimeDir)).toEqual([host]);
  });

  it('is the same for every environment, and another one for another data folder', async () => {
    const elsewhere = join(sandbox.root, 'elsewhere');
    const [one, two, three] = await Promise.all([
      open({env: {ANTHROPIC_API_KEY: 'one'}}),
      open({env: {ANTHROPIC_API_KEY: 'two', XDG_RUNTIME_DIR: sandbox.project, SHELL: '/bin/other'}}),
      open({env: {OPENCODE_DELEGATE_DATA_DIR: elsewhere}}),
    ]);
    expect(await Promise.all([one, two, three].map(list))).toEqual([NONE, NONE, NONE]);
    expect(hostsIn(sandbox.runtimeDir)).toHaveLength(1);
    expect(hostsIn(join(elsewhere, '.host'))).toHaveLength(1);
    signalEach(hostsIn(join(elsewhere, '.host')), 'SIGTERM');
  });

  it('is found again when lock and socket have been removed', async () => {
    const client = await open();
    const [host] = hostsIn(sandbox.runtimeDir);
    rmSync(sandbox.runtimeDir, {recursive: true});
    await eventually(() => existsSync(sandbox.runtimeDir) && files().length === 2);
    expect(hostsIn(sandbox.runtimeDir)).toEqual([host]);
    expect(await list(await open())).toBe(NONE);
    expect(await list(client)).toBe(NONE);
    expect(running().map(({pid}) => pid)).toEqual([host]);
  });

  it('refuses a client whose settings cannot be used, and serves the others', async () => {
    const client = await open();
    await expect(open({env: {OPENCODE_DELEGATE_MODEL: 'nonsense'}})).rejects.toThrow(
      /OPENCODE_DELEGATE_MODEL="nonsense" must be written as provider\/model/,
    );
    expect(await list(client)).toBe(NONE);
  });

  it('tells a client once which of its settings are not in force', async () => {
    await open({env: {OPENCODE_DELEGATE_CONCURRENCY: '3'}});
    const client = await open({env: {OPENCODE_DELEGATE_CONCURRENCY: '5'}});
    expect(await list(client)).toContain('Not in force: OPENCODE_DELEGATE_CONCURRENCY=5 (it is 3)');
    expect(await list(client)).toBe(NONE);
  });

  it('that was killed leaves a socket and a lock, which the next one replaces', async () => {
    const first = await open();
    const [killed = 0] = hostsIn(sandbox.runtimeDir);
    await first.close();
    process.kill(killed, 'SIGKILL');
    await allGone(sandbox.root);
    expect(files()).toHaveLength(2);
    expect(await list(await open())).toBe(NONE);
    expect(files()).toHaveLength(2);
    expect(hostsIn(sandbox.runtimeDir)).not.toContain(killed);
  });

  it('that ends just as clients come loses none of their calls', async () => {
    const impatient = {env: {OPENCODE_DELEGATE_HOST_IDLE_SECONDS: '0'}};
    for (let round = 0; round < 5; round++) {
      const client = await open(impatient);
      expect(await list(client)).toBe(NONE);
      await client.close();
    }
  });

  it('puts nothing into a runtime folder that somebody else has planted', async () => {
    mkdirSync(dirname(sandbox.runtimeDir), {recursive: true});
    symlinkSync(sandbox.project, sandbox.runtimeDir);
    const client = await open();
    expect(await list(client)).toBe(NONE);
    expect(client.stderr()).toMatch(/is a link, so it cannot hold the socket.*Remove it/);
    expect(readdirSync(sandbox.project)).toEqual([]);
  });

  it('that cannot use its settings tells the client why', async () => {
    await expect(open({env: {OPENCODE_DELEGATE_CONCURRENCY: 'many'}})).rejects.toThrow(
      /OPENCODE_DELEGATE_CONCURRENCY="many" must be a whole number/,
    );
    await allGone(sandbox.root);
    expect(files()).toEqual([]);
    expect(sandbox.hostLog()).toContain('OPENCODE_DELEGATE_CONCURRENCY="many"');
  });

  it.runIf(process.platform !== 'win32')('that may open too few files tells the client so', async () => {
    const few = {
      command: '/bin/sh',
      args: ['-c', 'ulimit -n 20; exec "$0" "$1"', process.execPath, BIN],
    };
    await expect(open(few)).rejects.toThrow(
      /This process may not open as many files as opencode-delegate needs to start \(EMFILE\)\. Raise the limit where the client is started: ulimit -n 1024\./,
    );
    // Where it was the one client with a limit, the next one is served.
    expect(await list(await open())).toBe(NONE);
  });

  it('is not needed, and not started, when it is off or inside a delegation', async () => {
    const [off, inside] = await Promise.all([
      open({env: {OPENCODE_DELEGATE_HOST: 'off'}}),
      open({env: {OPENCODE_DELEGATE_INSIDE: '1'}}),
    ]);
    expect(await list(off)).toBe(NONE);
    expect(await inside.tools()).toEqual([]);
    expect(running()).toEqual([]);
  });
});
