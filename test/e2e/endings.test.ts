import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {type TestClient, untilActivity} from '../support/client.ts';
import {allGone, eventually, openCodeIn, processesIn} from '../support/processes.ts';
import {artifactOf, HOST_MODE, type Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import type {Script} from '../support/scripted-model.ts';

/** Tests of what ends with the process that the client starts; with a host, that is the bridge alone. */
const inProcess = it.skipIf(HOST_MODE === 'on');

const STALL: Script = ({prompt}) => ({stall: `Beginning of ${prompt}`});

describe('what ends the work', () => {
  /** Delegates, and waits until each has begun to write. */
  async function delegateAll(client: TestClient, prompts: readonly string[]): Promise<readonly string[]> {
    const ids = await Promise.all(prompts.map((prompt) => client.delegate(prompt)));
    await Promise.all(ids.map((id) => untilActivity(client, id, /writing/)));
    return ids;
  }

  const sleeps = ({root}: Sandbox) => processesIn(root).some(({command}) => command === 'sleep 300');

  /** A delegation whose agent runs a shell command that takes minutes. */
  async function aCommandRuns() {
    const scene = await setScene(() => ({
      tool: 'bash',
      input: {command: 'sleep 300', description: 'sleep'},
    }));
    const client = await scene.open();
    const id = await client.delegate('sleep');
    await untilActivity(client, id, /bash/);
    await eventually(() => sleeps(scene.sandbox));
    return {...scene, client, id};
  }

  it('three running delegations end as interrupted with their text when OpenCode is killed; the next starts a new server', async () => {
    const {open, model, sandbox} = await setScene(STALL);
    const client = await open();
    const ids = await delegateAll(client, ['one', 'two', 'three']);
    const [server] = openCodeIn(sandbox.root);
    process.kill(server?.pid ?? 0, 'SIGKILL');

    for (const [n, id] of ids.entries()) {
      const read = await client.read(id);
      expect(read.blocks[0]).toMatch(/ · interrupted · .*Why: The OpenCode server ended while it ran\./s);
      expect(read.blocks[1]).toBe(`Beginning of ${['one', 'two', 'three'][n]}`);
    }

    model.script(() => ({text: 'on a new server'}));
    const next = await client.delegate('again');
    expect((await client.read(next)).blocks[1]).toBe('on a new server');
    expect(openCodeIn(sandbox.root).map(({pid}) => pid)).not.toContain(server?.pid);
  });

  const endings: [string, (client: TestClient) => Promise<void> | void][] = [
    ['the end of its input', (client) => client.close()],
    ['SIGINT', ({pid}) => void process.kill(pid, 'SIGINT')],
    ['SIGTERM', ({pid}) => void process.kill(pid, 'SIGTERM')],
    ['SIGHUP', ({pid}) => void process.kill(pid, 'SIGHUP')],
    // Impatient people press Ctrl-C twice.
    [
      'SIGINT twice',
      ({pid}) => {
        process.kill(pid, 'SIGINT');
        process.kill(pid, 'SIGINT');
      },
    ],
  ];

  inProcess.each(endings)(
    '%s records what runs as interrupted with its text, and leaves nothing behind',
    async (_, end) => {
      const {open, sandbox} = await setScene(STALL, {env: {OPENCODE_DELEGATE_CONCURRENCY: '1'}});
      const client = await open();
      const [running] = await delegateAll(client, ['running']);
      const queued = await client.delegate('queued');
      await end(client);
      await allGone(sandbox.root);

      const later = await open();
      const first = await later.read(running ?? '');
      expect(first.blocks[0]).toMatch(/ · interrupted · .*Why: The server that ran it was stopped\./s);
      expect(first.blocks[1]).toBe('Beginning of running');
      expect((await later.read(queued)).text).toMatch(
        / · interrupted · .* · never ran\n.*It had not started to run\./s,
      );
    },
  );

  inProcess(
    'SIGKILL of the server leaves no OpenCode and no shell command of an agent behind, and the record is settled',
    async () => {
      const {open, sandbox, client, id} = await aCommandRuns();
      process.kill(client.pid, 'SIGKILL');
      await allGone(sandbox.root);

      const later = await open();
      expect((await later.read(id)).text).toMatch(
        / · interrupted · .*Why: The process that ran it \(\d+\) is gone\..*opencode --session ses_/s,
      );
      expect((await later.call('delegation_list', {status: 'interrupted'})).text).toContain(id);
    },
  );

  it('cancelling stops a shell command that an agent runs', async () => {
    const {sandbox, client, id} = await aCommandRuns();
    await client.call('delegation_cancel', {id});
    await eventually(() => !sleeps(sandbox));
  });

  it('starting has no side effects: no OpenCode runs before tools are listed', async () => {
    const {open, sandbox} = await setScene(STALL);
    const client = await open();
    await client.call('delegation_list');
    expect(openCodeIn(sandbox.root)).toEqual([]);
    await client.tools();
    await eventually(() => openCodeIn(sandbox.root).length === 1);
  });

  it('the OpenCode server asks for its password', async () => {
    const {open, sandbox} = await setScene(() => ({text: 'done'}));
    const client = await open();
    await client.read(await client.delegate('start it'));
    const [server] = openCodeIn(sandbox.root);
    const port = /--port (\d+)/.exec(server?.command ?? '')?.[1];
    expect(server?.command).toContain('--hostname 127.0.0.1');
    const response = await fetch(`http://127.0.0.1:${port}/global/health`);
    expect(response.status).toBe(401);
  });

  inProcess('two servers on one project see each other’s delegations, and leave them alone', async () => {
    const {model, open} = await setScene(() => ({text: 'done'}));
    const one = await open();
    const two = await open({name: 'second'});
    await one.read(await one.delegate('warm'));
    model.script(STALL);
    const [running] = await delegateAll(one, ['held']);
    const id = running ?? '';

    expect((await two.read(id, {wait_seconds: 0})).text).toContain(`${id} · running`);
    const refused = await two.call('delegation_cancel', {id});
    expect(refused).toMatchObject({
      isError: true,
      text: expect.stringContaining('is run by another process (test-client, process'),
    });

    const waiting = two.read(id, {wait_seconds: 60});
    await one.call('delegation_cancel', {id});
    expect((await waiting).text).toContain(`${id} · cancelled`);
    await eventually(async () => !(await one.call('delegation_list')).text.includes('[unread]'));
  });

  it('twenty delegations of each of two servers get forty different records', async () => {
    const {open, sandbox} = await setScene(({prompt}) => ({text: `answer to ${prompt}`}));
    const [one, two] = await Promise.all([open(), open()]);
    const ids = await Promise.all(
      Array.from({length: 40}, (_, n) => (n % 2 === 0 ? one : two).delegate(`question ${n}`)),
    );
    expect(new Set(ids).size).toBe(40);
    for (const [n, id] of ids.entries()) {
      const read = await (n % 2 === 0 ? two : one).read(id, {wait_seconds: 60});
      expect(read.blocks[1]).toBe(`answer to question ${n}`);
      expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toContain('\nstatus: completed\n');
    }
  });
});
