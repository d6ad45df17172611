import {randomBytes, randomUUID} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {setTimeout as pause} from 'node:timers/promises';
import pg from 'pg';
import {openQueue} from '../../src/pool/engine/open.ts';
import type {PoolJob, PoolQueue} from '../../src/pool/queue/queue.ts';

const BODY = randomBytes(4_096);
const RESULT = randomBytes(8_192);
const LETTER = randomBytes(500);
/** A bundle of some changed files, there and back. */
const FILE = randomBytes(64 * 1_024);
const MACHINES = 10;
const JOBS_EACH = 4;
/** The difference between a long and a short run has nothing of what it takes to connect in it. */
const SHORT_MS = 6_000;
const LONG_MS = 24_000;
const FEW = 4;
const MANY = 24;
const LETTERS = 50;
const TICKS_A_SECOND = 100;

/** What something costs a Postgres. */
export interface PoolCost {
  readonly transactions: number;
  /** Inserted, updated and deleted. */
  readonly rows: number;
  readonly walBytes: number;
  readonly notifications: number;
  /** Of all its processes. */
  readonly processorMs: number;
}

/** What a pool consists of, as its database feels it. */
export interface PoolCosts {
  /** From submitting to forgetting, with two files and no letters. */
  readonly delegation: PoolCost;
  readonly letter: PoolCost;
  /** Each for one second. */
  readonly worker: PoolCost;
  readonly lease: PoolCost;
  readonly client: PoolCost;
}

/** Measures what a Postgres does for workers, clients, leases, letters and delegations, through the real queue. */
export async function poolCosts(url: string): Promise<PoolCosts> {
  const meter = await Meter.open(url);
  try {
    const [worker, working] = [
      await meter.aSecond(() => idles(url, 0)),
      await meter.aSecond(() => idles(url, JOBS_EACH)),
    ];
    const client = await meter.aSecond(() => watches(url));
    const perWorker = scaled(worker, 1 / MACHINES);
    return {
      worker: perWorker,
      lease: scaled(sum(working, scaled(worker, -1)), 1 / (MACHINES * JOBS_EACH)),
      client: scaled(client, 1 / MACHINES),
      ...(await meter.delegations()),
    };
  } finally {
    await meter.close();
  }
}

export function scaled(cost: PoolCost, by: number): PoolCost {
  return each(cost, cost, (value) => value * by);
}

export function sum(...costs: readonly PoolCost[]): PoolCost {
  return costs.reduce((total, cost) => each(total, cost, (a, b) => a + b));
}

function each(a: PoolCost, b: PoolCost, work: (a: number, b: number) => number): PoolCost {
  return {
    transactions: work(a.transactions, b.transactions),
    rows: work(a.rows, b.rows),
    walBytes: work(a.walBytes, b.walBytes),
    notifications: work(a.notifications, b.notifications),
    processorMs: work(a.processorMs, b.processorMs),
  };
}

type Running = {readonly close: () => Promise<void>};

/** Machines that serve, each with so many jobs at work that go on. */
async function idles(url: string, jobs: number): Promise<Running> {
  const queues = await Promise.all(Array.from({length: MACHINES}, () => openQueue({url})));
  const ids: string[] = [];
  let taken = 0;
  for (const queue of queues) {
    const route = randomUUID();
    await queue.serve(
      {name: route, host: 'bench', version: '0', opencode: '0'},
      {
        ...{routes: [route], owners: 'all', concurrency: 100},
        lease: (lease) => {
          taken++;
          return new Promise((resolve) => lease.signal.addEventListener('abort', () => resolve()));
        },
      },
    );
    for (let n = 0; n < jobs; n++) {
      const job = aJob(route);
      ids.push(job.id);
      await queue.submit(job);
    }
  }
  while (taken < ids.length) await pause(20);
  return {close: () => closed(queues, ids)};
}

/** Machines that wait for jobs of theirs. */
async function watches(url: string): Promise<Running> {
  const queues = await Promise.all(Array.from({length: MACHINES}, () => openQueue({url})));
  const ids: string[] = [];
  for (const queue of queues) {
    for (let n = 0; n < JOBS_EACH; n++) {
      const job = aJob(randomUUID());
      ids.push(job.id);
      await queue.submit(job);
      await queue.changed(job.id, () => {});
      await queue.receive(job.id, 'owner', 0, () => {});
    }
  }
  return {close: () => closed(queues, ids)};
}

async function closed(queues: readonly PoolQueue[], ids: readonly string[]): Promise<void> {
  for (const id of ids) await queues[0]?.forget(id);
  await Promise.all(queues.map((queue) => queue.close()));
}

function aJob(route: string): PoolJob {
  return {id: randomUUID(), owner: 'bench', route, notAfter: Date.now() + 3_600_000, body: BODY};
}

async function* once(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
}

/** Delegations one after the other, as a client and a worker do them. */
async function delegates(url: string, count: number, letters: number): Promise<void> {
  const [owner, machine] = [await openQueue({url}), await openQueue({url})];
  const route = randomUUID();
  const done = new Map<string, () => void>();
  await machine.serve(
    {name: route, host: 'bench', version: '0', opencode: '0'},
    {
      ...{routes: [route], owners: 'all', concurrency: 4},
      lease: async (lease) => {
        const {id} = lease.job;
        for await (const _ of machine.getFile(id, 'luggage'));
        for (let n = 0; n < letters; n++) await machine.post(id, 'owner', LETTER);
        await machine.putFile(id, 'harvest', once(FILE));
        await lease.giveResult(RESULT);
        done.get(id)?.();
      },
    },
  );
  for (let n = 0; n < count; n++) {
    const job = aJob(route);
    const returned = new Promise<void>((resolve) => done.set(job.id, resolve));
    await owner.putFile(job.id, 'luggage', once(FILE));
    await owner.submit(job);
    await returned;
    await (await owner.receive(job.id, 'owner', 0, () => {})).close();
    await owner.standing(job.id);
    for await (const _ of owner.getFile(job.id, 'harvest'));
    await owner.forget(job.id);
  }
  await Promise.all([owner.close(), machine.close()]);
}

/** Reads a Postgres's own counters, and hears what it tells. */
class Meter {
  readonly #url: string;
  readonly #client: pg.Client;
  readonly #postmaster: number;
  #heard = 0;

  private constructor(url: string, client: pg.Client, postmaster: number) {
    this.#url = url;
    this.#client = client;
    this.#postmaster = postmaster;
    client.on('notification', () => {
      this.#heard++;
    });
  }

  static async open(url: string): Promise<Meter> {
    const client = new pg.Client(url);
    await client.connect();
    await client.query('LISTEN bullmq_jobs');
    const {rows} = await client.query<{pid: number}>('SELECT pg_backend_pid() AS pid');
    return new Meter(url, client, statOf(rows[0]?.pid ?? 0)?.parent ?? 0);
  }

  close(): Promise<void> {
    return this.#client.end();
  }

  /** What something costs in a second in which it is there. */
  async aSecond(start: () => Promise<Running>): Promise<PoolCost> {
    const during = (ms: number) =>
      this.#cost(async () => {
        const running = await start();
        await pause(ms);
        await running.close();
      });
    const [short, long] = [await during(SHORT_MS), await during(LONG_MS)];
    return scaled(sum(long, scaled(short, -1)), 1_000 / (LONG_MS - SHORT_MS));
  }

  async delegations(): Promise<Pick<PoolCosts, 'delegation' | 'letter'>> {
    const costOf = (count: number, letters: number) => this.#cost(() => delegates(this.#url, count, letters));
    const [few, many, written] = [await costOf(FEW, 0), await costOf(MANY, 0), await costOf(MANY, LETTERS)];
    return {
      delegation: scaled(sum(many, scaled(few, -1)), 1 / (MANY - FEW)),
      letter: scaled(sum(written, scaled(many, -1)), 1 / (MANY * LETTERS)),
    };
  }

  async #cost(action: () => Promise<void>): Promise<PoolCost> {
    const before = await this.#counters();
    await action();
    return sum(await this.#counters(), scaled(before, -1));
  }

  /** What a connection has done is counted when it has ended or been idle for a while. */
  async #counters(): Promise<PoolCost> {
    await this.#client.query('SELECT pg_sleep(1.2), pg_stat_force_next_flush()');
    await this.#client.query('SELECT pg_stat_clear_snapshot()');
    const {rows} = await this.#client.query<Record<'transactions' | 'rows' | 'wal', string>>(
      `SELECT xact_commit AS transactions, tup_inserted + tup_updated + tup_deleted AS rows,
              pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal
         FROM pg_stat_database WHERE datname = current_database()`,
    );
    const [row] = rows;
    return {
      transactions: Number(row?.transactions),
      rows: Number(row?.rows),
      walBytes: Number(row?.wal),
      notifications: this.#heard,
      processorMs: this.#processorMs(),
    };
  }

  /** Of the server, of what it has started, and of what of that has ended. Linux only. */
  #processorMs(): number {
    const all = readdirSync('/proc').flatMap((name) =>
      /^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : [],
    );
    const own = all.filter(({pid, parent}) => pid === this.#postmaster || parent === this.#postmaster);
    const ticks = own.reduce(
      (total, {pid, used, ended}) => total + used + (pid === this.#postmaster ? ended : 0),
      0,
    );
    return (ticks * 1_000) / TICKS_A_SECOND;
  }
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly used: number;
  readonly ended: number;
}

function statOf(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0, utime = 0, stime = 0, cutime = 0, cstime = 0] = [1, 11, 12, 13, 14].map(
      (n) => fields[n],
    );
    return {pid, parent, used: utime + stime, ended: cutime + cstime};
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
