import {describe, expect, it} from 'vitest';
import type {TestClient} from '../support/client.ts';
import {allGone, eventually} from '../support/processes.ts';
import {aCommandRuns, delegateAll, STALL} from '../support/running.ts';
import {setScene} from '../support/scene.ts';

/** With a host, these ends are those of the bridge alone. */
describe('without a host, what ends the process that the client starts ends the work', () => {
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

  it.each(endings)(
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

  it('SIGKILL of the server leaves no OpenCode and no shell command of an agent behind, and the record is settled', async () => {
    const {open, sandbox, client, id} = await aCommandRuns();
    process.kill(client.pid, 'SIGKILL');
    await allGone(sandbox.root);

    const later = await open();
    expect((await later.read(id)).text).toMatch(
      / · interrupted · .*Why: The process that ran it \(\d+\) is gone\..*opencode --session ses_/s,
    );
    expect((await later.call('delegation_list', {status: 'interrupted'})).text).toContain(id);
  });

  it('two servers on one project see each other’s delegations, leave them alone, and cancel them when asked', async () => {
    const {model, open} = await setScene(() => ({text: 'done'}));
    const one = await open();
    const two = await open({name: 'second'});
    await one.read(await one.delegate('warm'));
    model.script(STALL);
    const [running] = await delegateAll(one, ['held']);
    const id = running ?? '';

    expect((await two.read(id, {wait_seconds: 0})).text).toContain(`${id} · running`);
    const waiting = one.read(id, {wait_seconds: 60});
    expect((await two.call('delegation_cancel', {id})).text).toContain(`${id} is cancelled.`);
    expect((await waiting).text).toContain(`${id} · cancelled`);
    await eventually(async () => !(await one.call('delegation_list')).text.includes('[unread]'));
  });
});
