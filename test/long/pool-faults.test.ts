import {randomBytes} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {createGate} from '../support/gate.ts';
import type {PoolMachine} from '../support/pool-network.ts';
import {
  jobsAt,
  LEASE_SECONDS,
  type PoolClient,
  PoolProcesses,
  type PoolScene,
  recordAt,
  scriptHeld,
} from '../support/pool-processes.ts';
import {eventually, signalEach} from '../support/processes.ts';

/** More than fits into what is on its way at once, and no compression makes small. */
const aLargeText = () => randomBytes(450_000).toString('hex');

describe('a pool whose parts fail', () => {
  let pool: PoolProcesses;
  let client: PoolClient;
  let machine: PoolMachine;
  let worker: PoolScene['worker'];

  beforeAll(async () => {
    ({pool, client, machine, worker} = await PoolProcesses.withWorker('worker-1'));
  });

  afterAll(() => pool.close());

  /** Delegates, and resolves once the model waits for the gate. */
  async function held(file: string) {
    const gate = createGate();
    const answers = scriptHeld(pool.model, file, {gate});
    const id = await client.run(`Write ${file}`);
    await eventually(() => answers() > 0);
    return {id, gate, answers};
  }

  it('goes on where the database was restarted while a delegation runs', async () => {
    const {id, gate, answers} = await held('restarted.txt');
    await pool.database.postgres.down();
    await pool.database.postgres.up();
    gate.open();
    await client.recordWith(id, /^status: completed/m);
    expect(client.repository.git('show', `delegation/${id}:restarted.txt`)).toBe('restarted.txt');
    expect(answers()).toBe(1);
  });

  it('refuses what is new while the database is away, and says of what runs that it cannot be reached', async () => {
    const {id, gate, answers} = await held('away.txt');
    await pool.database.postgres.down();
    onTestFinished(() => pool.database.postgres.up());
    const refused = await client.command('run', 'Do more', '--where', 'pool');
    expect(refused.stderr).toContain('The pool of OPENCODE_DELEGATE_POOL cannot be reached: ');
    expect(refused.exitCode).not.toBe(0);
    await pool.database.postgres.up();
    gate.open();
    // For as long as that took, the lease may have been lost: then it is interrupted with what there was.
    const record = await client.recordWith(id, /^status: (completed|interrupted)/m);
    expect(record).toMatch(/Done with away\.txt|The pool has lost its worker worker-1/);
    expect(answers()).toBe(1);
  });

  it('a database that is away for longer than a lease interrupts what runs, and cancels nothing', async () => {
    const {id} = await held('long-away.txt');
    await eventually(() => pool.hasCheckpoint(id));
    await pool.database.postgres.down();
    onTestFinished(() => pool.database.postgres.up());
    // The worker gives up what others may take for lost.
    await eventually(() => /^status: cancelled/m.test(recordAt(machine, /^# Write long-away.txt$/m)));
    await pool.database.postgres.up();
    const record = await client.recordWith(id, /^status: (?!running)/m);
    expect(record).toMatch(/^status: interrupted/m);
    expect(record).toContain('The pool has lost its worker worker-1');
    expect(client.repository.git('show', `delegation/${id}:long-away.txt`)).toBe('long-away.txt');
  });

  it('refuses the late result of a worker that was frozen past its lease', async () => {
    const {id, gate, answers} = await held('frozen.txt');
    signalEach([worker.pid], 'SIGSTOP');
    onTestFinished(() => void signalEach([worker.pid], 'SIGCONT'));
    const lost = await client.recordWith(id, /^status: interrupted/m);
    expect(lost).toContain('The pool has lost its worker worker-1');
    signalEach([worker.pid], 'SIGCONT');
    gate.open();
    // Its text is kept all the same.
    const late = await client.recordWith(id, /^\(Came too late at .*, as completed: /m);
    expect(late).toMatch(/^status: interrupted/m);
    expect(late).toContain('Done with frozen.txt.');
    await eventually(() => jobsAt(machine).length === 0);
    expect(answers()).toBe(1);
    // It takes work again.
    scriptHeld(pool.model, 'thawed.txt');
    const next = await client.run('Write thawed.txt');
    await client.recordWith(next, /^status: completed/m);
  });

  it.each(['to the server', 'from the server'] as const)(
    'brings code to a worker and home where the network was cut in the midst of it, %s',
    async (which) => {
      const name = which.replaceAll(' ', '-');
      const [there, back] = [aLargeText(), aLargeText()];
      client.repository.write({[`${name}.txt`]: there});
      client.repository.commit(name);
      scriptHeld(pool.model, `back-${name}.txt`, {content: back});
      const goes = which === 'to the server' ? client : machine;
      const comes = which === 'to the server' ? machine : client;
      const gone = goes.proxy.cutAfter(300_000, which);
      const id = await client.run(`Write back-${name}`);
      await gone;
      const come = comes.proxy.cutAfter(300_000, which);
      goes.proxy.rejoin();
      await come;
      comes.proxy.rejoin();
      await client.recordWith(id, /^status: completed/m);
      const branch = `delegation/${id}`;
      expect(client.repository.git('show', `${branch}:back-${name}.txt`)).toBe(back);
      expect(client.repository.git('show', `${branch}:${name}.txt`)).toBe(there);
    },
  );

  it(`loses the work of a worker that is cut off for longer than its lease of ${LEASE_SECONDS} s`, async () => {
    const {id} = await held('cut.txt');
    await eventually(() => pool.hasCheckpoint(id));
    machine.proxy.swallow();
    onTestFinished(() => machine.proxy.rejoin());
    const record = await client.recordWith(id, /^status: interrupted/m);
    expect(record).toContain('The pool has lost its worker worker-1');
    expect(client.repository.git('show', `delegation/${id}:cut.txt`)).toBe('cut.txt');
    machine.proxy.rejoin();
    await eventually(() => jobsAt(machine).length === 0);
  });
});
