import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {connect} from '../support/client.ts';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import type {PoolMachine} from '../support/pool-network.ts';
import {
  jobsAt,
  type PoolClient,
  PoolProcesses,
  type PoolScene,
  scriptHeld,
} from '../support/pool-processes.ts';
import {eventually} from '../support/processes.ts';
import {createSandbox, hostsIn} from '../support/sandbox.ts';

/** Real processes of clients and workers, each with a home, and a real Postgres between them. */
describe('a pool over Postgres', () => {
  let pool: PoolProcesses;
  let client: PoolClient;
  let machine: PoolMachine;
  let worker: PoolScene['worker'];

  beforeAll(async () => {
    ({pool, client, machine, worker} = await PoolProcesses.withWorker('big-machine'));
  });

  afterAll(() => pool.close());

  function hostPid(): number {
    const [pid] = hostsIn(client.sandbox.runtimeDir);
    // A signal to 0 would be one to this process and its like.
    if (pid === undefined) throw new Error('there is no host');
    return pid;
  }

  it('makes the keys of a machine once, and says what others need', async () => {
    const sandbox = createSandbox();
    onTestFinished(() => sandbox.remove());
    const {stdout} = await runCommand(sandbox, ['pool', 'init']);
    expect(stdout).toMatch(
      /^Made the key of the group: .*\nMade your own key: .*\nYour name in the pool: .*\nA worker needs /,
    );
    const again = await runCommand(sandbox, ['pool', 'init']);
    expect(again.stdout).toBe(stdout.replaceAll('Made ', 'There was '));
  });

  it('offers the place to models, and brings text and branch home', async () => {
    scriptHeld(pool.model, 'page.txt');
    const one = await connect(client.sandbox);
    const answer = await one.call('delegate', {prompt: 'Improve the secret page', where: 'pool'});
    expect(answer.text).toContain('travels in a bundle of');
    const id = answer.text.split(' ')[0] ?? '';
    const [head = '', text = ''] = (await one.read(id)).blocks;
    await one.close();
    expect(text).toContain('Done with page.txt.');
    expect(head).toContain(`Branch: delegation/${id} at `);
    expect(client.repository.git('show', `delegation/${id}:page.txt`)).toBe('page.txt');
    expect(client.repository.git('log', '-1', '--format=%B', `delegation/${id}`)).toContain(
      `Delegation: ${id}`,
    );
    expect(await client.recordWith(id, /./)).toContain('worker: big-machine');
  });

  it('shows its workers in status and to doctor', async () => {
    const {stdout} = await client.command('status');
    expect(stdout).toMatch(/^Pool:\n {2}big-machine · on .* · busy: 0 of 4 · /m);
    const found = await client.command('doctor', '--pool');
    expect(found.stdout).toMatch(
      /Pool keys: .*\n.*Pool database: .*\n.*Pool clock: .*\n.*Pool worker big-machine: It answers in \d+ ms: opencode-delegate \S+, OpenCode 1\./,
    );
    expect(found.exitCode).toBe(0);
  });

  it('a host that is killed is followed by one that takes hold of the work, which runs once', async () => {
    const gate = createGate();
    const answers = scriptHeld(pool.model, 'once.txt', {gate});
    const id = await client.run('Write once');
    await client.recordWith(id, /status: running/);
    const pid = hostPid();
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isThere(pid));
    gate.open();
    // A command that waits starts none; a client does.
    const next = await connect(client.sandbox);
    onTestFinished(() => next.close());
    const waited = await client.command('wait', id, '--exit-status');
    expect(waited).toMatchObject({exitCode: 0});
    expect(client.repository.git('show', `delegation/${id}:once.txt`)).toBe('once.txt');
    expect(answers()).toBe(1);
  });

  it('no row shows what was asked, what was answered, or which repository it is', async () => {
    const tables = await pool.database.query(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    const rows = await Promise.all(
      tables.map(({name}) => pool.database.query(`SELECT t::text AS row FROM ${name} t`)),
    );
    const all = rows.flat().map(({row}) => String(row));
    expect(all.length).toBeGreaterThan(0);
    for (const words of ['secret page', 'Write once', 'Done with', 'page.txt', 'my project']) {
      const hex = Buffer.from(words).toString('hex');
      expect(all.filter((row) => row.includes(words) || row.includes(hex))).toEqual([]);
    }
  });

  it('is cancelled while it runs, and the worker is clean afterwards', async () => {
    scriptHeld(pool.model, 'cancelled.txt', {gate: createGate()});
    const id = await client.run('Take long');
    await client.recordWith(id, /status: running/);
    const {stdout} = await client.command('cancel', id);
    expect(stdout).toContain(`${id} has ended: cancelled.`);
    await eventually(() => jobsAt(machine).length === 0);
  });

  it('a worker that is told to end gives back what there is, and another goes on from there', async () => {
    scriptHeld(pool.model, 'drained.txt', {gate: createGate()});
    const id = await client.run('Be drained');
    await client.recordWith(id, /status: running/);
    await client.recordWith(id, /tool_calls: 1|usage:/);
    worker.interrupt();
    const record = await client.recordWith(id, /status: interrupted/);
    expect(record).toContain('outcome: kept');
    expect(client.repository.git('show', `delegation/${id}:drained.txt`)).toBe('drained.txt');
    await worker.ended;
    worker = pool.startWorker(machine, 'second-machine');
    pool.model.script(() => ({text: 'Went on.'}));
    const next = await client.command('continue', id);
    const waited = await client.command('wait', next.stdout, '--exit-status');
    expect(waited, next.stderr).toMatchObject({exitCode: 0});
    const text = await client.recordWith(next.stdout, /Went on\./);
    expect(text).toContain('worker: second-machine');
  });

  it('a worker that is killed leaves an interrupted delegation with its last checkpoint', async () => {
    scriptHeld(pool.model, 'killed.txt', {gate: createGate()});
    const id = await client.run('Be killed');
    await client.recordWith(id, /status: running/);
    await eventually(() => pool.hasCheckpoint(id));
    await worker.end();
    const record = await client.recordWith(id, /status: interrupted/);
    expect(record).toContain('The pool has lost its worker ');
    expect(client.repository.git('show', `delegation/${id}:killed.txt`)).toBe('killed.txt');
    const {stdout} = await client.command('drop', id, '--force');
    expect(stdout).toBe(`Removed: the branch delegation/${id}`);
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
