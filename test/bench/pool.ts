import {randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import pg from 'pg';
import {openQueue, setUpPool} from '../../src/pool/engine/open.ts';
import type {PoolJob, PoolQueue} from '../../src/pool/queue/queue.ts';
import {startPostgres} from '../support/postgres.ts';
import {REDIS, startRedis} from '../support/redis.ts';
import type {Cleanup} from './cleanup.ts';
import {fleet} from './pool-fleet.ts';
import {SIMULATED, simulated} from './pool-simulation.ts';
import type {Stage} from './stage.ts';
import {median, quantile, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const ROUNDS = 20;
const AT_ONCE = 10;
const BATCH = 100;
const POLLS = 300;
/** How many letters the delegation sends whose cost is counted. */
const LETTERS = 20;
const BODY = randomBytes(4_096);
const RESULT = randomBytes(8_192);
const FILE = randomBytes(256 * 1_024);
const OVERHEAD_MS = 250;
const SELF = {name: 'bench', host: 'bench', version: '0', opencode: '0'};

let count = 0;
function aJob(route: string): PoolJob {
  return {id: `bench-${++count}`, owner: 'bench', route, notAfter: Date.now() + 3_600_000, body: BODY};
}

async function* once(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
}

/** What a pool adds to a delegation, and what its database carries. */
export async function pool(_stage: Stage, cleanup: Cleanup): Promise<readonly Row[]> {
  // As people run it: each commit is on the disk before it is answered.
  const postgres = await startPostgres({fsync: 'on', synchronous_commit: 'on'});
  cleanup.defer(() => postgres.stop());
  await postgres.create('pool');
  await setUpPool(postgres.urlOf('pool'));
  const url = postgres.urlOf('pool');
  const rows = [...(await measured('Postgres', url, await commits(url)))];
  rows.push(...(await carried(url)));
  if (REDIS !== undefined) {
    const redis = await startRedis();
    cleanup.defer(() => redis.stop());
    rows.push(...(await measured('Redis', `redis://127.0.0.1:${redis.port}`, undefined)));
  }
  rows.push(...(await fleet(cleanup)));
  return rows;
}

/** Milliseconds of one small commit, and how many a second there are at once. */
async function commits(url: string): Promise<{one: number; perSecond: number}> {
  const clients = new pg.Pool({connectionString: url, max: AT_ONCE});
  await clients.query('CREATE TABLE raw (id serial PRIMARY KEY, body bytea)');
  const insert = () => clients.query('INSERT INTO raw (body) VALUES ($1)', [BODY]);
  const single: number[] = [];
  for (let n = 0; n < ROUNDS; n++) single.push(await timed(insert));
  const all = await timed(() =>
    Promise.all(
      Array.from({length: AT_ONCE}, async () => {
        for (let n = 0; n < BATCH / AT_ONCE; n++) await insert();
      }),
    ),
  );
  await clients.end();
  return {one: median(single), perSecond: (BATCH / all) * 1_000};
}

async function measured(
  name: string,
  url: string,
  raw: {one: number; perSecond: number} | undefined,
): Promise<readonly Row[]> {
  const [owner, machine] = [await openQueue({url}), await openQueue({url})];
  const waiting = new Map<string, () => void>();
  const lease = {returned: (id: string) => waiting.get(id)?.()};
  const serving = await machine.serve(SELF, {
    routes: 'all',
    owners: 'all',
    concurrency: AT_ONCE,
    lease: async (given) => {
      await given.giveResult(RESULT);
      lease.returned(given.job.id);
    },
  });
  const through = async () => {
    const job = aJob('one');
    const returned = new Promise<void>((resolve) => waiting.set(job.id, resolve));
    await owner.submit(job);
    await returned;
    await owner.standing(job.id);
    return job.id;
  };
  for (let n = 0; n < 5; n++) await through();
  const single: number[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    let id = '';
    single.push(
      await timed(async () => {
        id = await through();
      }),
    );
    await owner.forget(id);
  }
  const batch = await timed(() => Promise.all(Array.from({length: BATCH}, through)));
  await serving.drain();
  await Promise.all([owner.close(), machine.close()]);
  const one = median(single);
  const perSecond = (BATCH / batch) * 1_000;
  return [
    {
      what: `pool in ${name}: a job submitted, leased and returned (n=${ROUNDS})`,
      measured: `${ms(one)}, p95 ${ms(quantile(single, 0.95))}`,
      baseline: raw === undefined ? '' : `one commit ${ms(raw.one)}`,
      ratio: raw === undefined ? '' : times(one / raw.one),
      goal: `< ${OVERHEAD_MS} ms`,
      met: one < OVERHEAD_MS,
    },
    {
      what: `pool in ${name}: jobs a second, ${BATCH} at once`,
      measured: `${perSecond.toFixed(0)}/s`,
      baseline: raw === undefined ? '' : `commits ${raw.perSecond.toFixed(0)}/s`,
      ratio: raw === undefined ? '' : times(perSecond / raw.perSecond),
      goal: '',
    },
  ];
}

/** What one delegation costs a Postgres, and what that makes of a day of a large pool. */
async function carried(url: string): Promise<readonly Row[]> {
  const client = new pg.Client(url);
  await client.connect();
  const before = await counters(client);
  const [owner, machine] = [await openQueue({url}), await openQueue({url})];
  await oneDelegation(owner, machine);
  // What a connection has done is counted when it ends.
  await Promise.all([owner.close(), machine.close()]);
  const after = await counters(client);
  const pids = [await pidOf(client)];
  const used = cpuMs(pids);
  for (let n = 0; n < POLLS; n++) await client.query(PEEK, [[`bench-${n}`, 'bench-1', 'bench-2', 'bench-3']]);
  const poll = (cpuMs(pids) - used) / POLLS;
  const heard = await notified(url, client);
  await client.end();
  const delegation = {
    transactions: after.transactions - before.transactions,
    rows: after.rows - before.rows,
    walBytes: after.walBytes - before.walBytes,
  };
  const day = simulated({...delegation, pollMs: poll, wakeMs: heard});
  return [
    {
      what: `pool in Postgres: a delegation with ${LETTERS} letters and two files of 256 KB`,
      measured: `${delegation.transactions} transactions, ${delegation.rows} rows, ${mb(delegation.walBytes)} written ahead`,
      ...{
        baseline: `sent ${mb(BODY.length + RESULT.length + 2 * FILE.length + LETTERS * 500)}`,
        ratio: '',
        goal: '',
      },
    },
    {
      what: `pool in Postgres, simulated: ${SIMULATED}`,
      measured: day.words,
      ...{
        baseline: `processor time: a poll ${poll.toFixed(3)} ms, a wake ${heard.toFixed(3)} ms`,
        ratio: '',
        goal: '',
      },
    },
  ];
}

const PEEK = 'SELECT id, changes FROM opencode_delegate.desk_job WHERE id = ANY($1)';

async function oneDelegation(owner: PoolQueue, machine: PoolQueue): Promise<void> {
  const job = aJob('carried');
  await owner.putFile(job.id, 'code', once(FILE));
  const done = new Promise<void>((resolve, reject) => {
    void machine
      .serve(SELF, {
        routes: ['carried'],
        owners: 'all',
        concurrency: 1,
        lease: async (lease) => {
          for (let n = 0; n < LETTERS; n++) await machine.post(job.id, 'owner', randomBytes(500));
          await machine.putFile(job.id, 'branch', once(FILE));
          await lease.giveResult(RESULT);
          resolve();
        },
      })
      .catch(reject);
  });
  await owner.submit(job);
  await done;
  await owner.standing(job.id);
  await owner.forget(job.id);
}

async function counters(client: pg.Client): Promise<{transactions: number; rows: number; walBytes: number}> {
  await client.query('SELECT pg_sleep(1.2), pg_stat_force_next_flush()');
  await client.query('SELECT pg_stat_clear_snapshot()');
  const {rows} = await client.query<{transactions: string; rows: string; wal: string}>(
    `SELECT xact_commit AS transactions, tup_inserted + tup_updated + tup_deleted AS rows,
            pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal
       FROM pg_stat_database WHERE datname = current_database()`,
  );
  const [row] = rows;
  return {transactions: Number(row?.transactions), rows: Number(row?.rows), walBytes: Number(row?.wal)};
}

/** Processor time that one notification costs for each connection that listens, in milliseconds. */
async function notified(url: string, client: pg.Client): Promise<number> {
  const [listeners, notifications] = [40, 100];
  const clients = Array.from({length: listeners}, () => new pg.Client(url));
  let count = 0;
  let resolve = () => {};
  const all = new Promise<void>((done) => {
    resolve = done;
  });
  const pids = [await pidOf(client)];
  for (const each of clients) {
    await each.connect();
    each.on('notification', () => {
      count++;
      if (count === listeners * notifications) resolve();
    });
    await each.query('LISTEN bench');
    pids.push(await pidOf(each));
  }
  const used = cpuMs(pids);
  for (let n = 0; n < notifications; n++) await client.query(`SELECT pg_notify('bench', '${n}')`);
  await all;
  const taken = cpuMs(pids) - used;
  await Promise.all(clients.map((each) => each.end()));
  return taken / notifications / listeners;
}

async function pidOf(client: pg.Client): Promise<number> {
  const {rows} = await client.query<{pid: number}>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

/** The processor time that processes have used by now. Linux only. */
function cpuMs(pids: readonly number[]): number {
  const used = pids.map((pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]));
  return used.reduce((sum, each) => sum + each, 0) / 1e6;
}

function mb(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(2)} MB`;
}
