import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {z} from 'zod';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {connect, ERAS, type TestClient} from '../support/client.ts';
import {aDelegation, anEnd, FakeLog} from '../support/fakes.ts';
import {allGone, eventually, processesIn} from '../support/processes.ts';
import {projectOf} from '../support/project-of.ts';
import {BIN, createSandbox, hostsIn, type Sandbox} from '../support/sandbox.ts';

const NONE = 'No delegations in this project yet.';

describe('a bridge', () => {
  let sandbox: Sandbox;
  const cleanups: (() => unknown)[] = [];

  beforeEach(() => {
    sandbox = createSandbox();
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    await sandbox.remove();
  });

  async function open(era = ERAS[0] as (typeof ERAS)[number]): Promise<TestClient> {
    const client = await connect(sandbox, {era, env: {OPENCODE_DELEGATE_HOST: 'on'}});
    cleanups.push(() => client.close());
    return client;
  }

  async function list(client: TestClient): Promise<string> {
    return (await client.call('delegation_list')).text;
  }

  function hostPid(): number {
    const [pid] = hostsIn(sandbox.runtimeDir);
    if (pid === undefined) throw new Error('no host runs');
    return pid;
  }

  async function anEndedDelegation(): Promise<void> {
    const store = new MarkdownStore({root: sandbox.dataDir, log: new FakeLog()});
    await store.create(aDelegation({project: await projectOf(sandbox), state: anEnd()}));
  }

  /** The bin as it is, with lines in and out. */
  function start({reads = true} = {}) {
    const child = spawn(process.execPath, [BIN], {
      cwd: sandbox.project,
      env: {...sandbox.env, OPENCODE_DELEGATE_HOST: 'on'},
    });
    cleanups.push(() => child.kill('SIGKILL'));
    const read = () => {
      const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
      return async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null');
    };
    const next = reads ? read() : async () => undefined;
    return {child, send: (line: string) => child.stdin.write(`${line}\n`), next, read};
  }

  const initialize = JSON.stringify({
    jsonrpc: '2.0',
    id: 'start',
    method: 'initialize',
    params: {protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {name: 'raw', version: '1'}},
  });

  it.each(ERAS)(
    'of a %s client survives its host: what was under way fails, the next call works',
    async (era) => {
      const client = await open(era);
      expect(await list(client)).toBe(NONE);
      for (let round = 0; round < 2; round++) {
        const killed = hostPid();
        // It cannot answer any more, so that the call is under way when it is killed.
        process.kill(killed, 'SIGSTOP');
        const before = written(client.pid);
        // More than anything else that the bridge could be writing.
        const id = 'x'.repeat(50_000);
        const failed = expect(client.read(id)).rejects.toMatchObject({
          code: -32_603,
          message: expect.stringMatching(/host ended during this call\. Delegations are not lost/),
        });
        await eventually(() => written(client.pid) > before + id.length);
        process.kill(killed, 'SIGKILL');
        await failed;
        expect(await list(client)).toBe(NONE);
        expect(hostPid()).not.toBe(killed);
      }
    },
  );

  it('renews subscriptions with its next host, and has the client look at what it subscribed to', async () => {
    await anEndedDelegation();
    const {send, next} = start();
    send(initialize);
    await next();
    send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    const uri = 'delegation://swift-amber-otter';
    send(JSON.stringify({jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: {uri}}));
    expect(await next()).toMatchObject({id: 1, result: {}});
    process.kill(hostPid(), 'SIGKILL');
    expect(await next()).toEqual({jsonrpc: '2.0', method: 'notifications/resources/updated', params: {uri}});
    // The new host knows of the subscription: it can be taken back, and the answer reaches the client.
    send(JSON.stringify({jsonrpc: '2.0', id: 2, method: 'resources/unsubscribe', params: {uri}}));
    expect(await next()).toMatchObject({id: 2, result: {}});
  });

  it('lets a call wait that comes while there is no host', async () => {
    const client = await open();
    process.kill(hostPid(), 'SIGKILL');
    await eventually(() => client.stderr().includes('the host went away'));
    expect(await Promise.all([list(client), list(client)])).toEqual([NONE, NONE]);
  });

  it('starts no new host for a client that does not need one when its host was stopped', async () => {
    const client = await open();
    const stopped = hostPid();
    process.kill(stopped, 'SIGTERM');
    await eventually(() => client.stderr().includes('the host went away'));
    await eventually(() => !processesIn(sandbox.root).some(({pid}) => pid === stopped));
    expect(hostsIn(sandbox.runtimeDir)).toEqual([]);
    expect(await list(client)).toBe(NONE);
    expect(hostPid()).not.toBe(stopped);
  });

  it('answers a line over 10 MB with an error, passes nothing of it on, and goes on', async () => {
    const {send, next} = start();
    send(initialize);
    expect(await next()).toMatchObject({id: 'start', result: {}});
    send(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'x'.repeat(50_000_000)}"}}`);
    expect(await next()).toMatchObject({id: 1, error: {message: expect.stringContaining('10 MB')}});
    // As the TypeScript SDK writes it.
    send(`{"method":"ping","params":{"x":"${'x'.repeat(20_000_000)}"},"jsonrpc":"2.0","id":"last"}`);
    expect(await next()).toMatchObject({id: 'last', error: {message: expect.stringContaining('10 MB')}});
    send('{"jsonrpc":"2.0","id":2,"method":"ping"}');
    expect(await next()).toMatchObject({id: 2, result: {}});
    // As long as may be: it reaches the server, which answers in its own words.
    send(`{"jsonrpc":"2.0","id":3,"method":"ping","params":{"x":"${'x'.repeat(9_900_000)}"}}`);
    expect(await next()).toMatchObject({id: 3});
  });

  it('whose client does not read is cut off alone, and carries on when it reads again', async () => {
    const other = await open();
    const {child, send, read} = start({reads: false});
    send(initialize);
    send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    const list1 = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    const answerBytes = JSON.stringify(await other.tools()).length;
    for (let sent = 0; sent < 20_000_000; sent += answerBytes) send(list1);
    await eventually(() => sandbox.hostLog().includes('it does not read its answers; it was cut off'));
    expect(await list(other)).toBe(NONE);
    expect(child.exitCode).toBeNull();

    const next = read();
    send('{"jsonrpc":"2.0","id":"after","method":"ping"}');
    for (;;) if (z.object({id: z.unknown()}).safeParse(await next()).data?.id === 'after') break;
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends alone on %s, with code 0', async (signal) => {
    const {child, send, next} = start();
    send(initialize);
    await next();
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
    process.kill(hostPid(), 0);
  });

  it('ends alone at the end of its input, with code 0, also before a host is there', async () => {
    const late = start();
    late.send(initialize);
    await late.next();
    late.child.stdin.end();
    expect(await once(late.child, 'exit')).toEqual([0, null]);
    process.kill(hostPid(), 0);
    const early = start();
    early.child.stdin.end();
    expect(await once(early.child, 'exit')).toEqual([0, null]);
  });

  it('leaves nothing when it is killed before its host is there', async () => {
    const {child} = start();
    await once(child, 'spawn');
    child.kill('SIGKILL');
    await allGone(sandbox.root);
  });
});

/** How much a process has written, to anything. Linux only. */
function written(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}
