import {randomBytes} from 'node:crypto';
import pg from 'pg';
import {openQueue, setUpPool} from '../../src/pool/engine/open.ts';
import type {PoolJob} from '../../src/pool/queue/queue.ts';
import {startPostgres} from '../support/postgres.ts';
import {REDIS, startRedis} from '../support/redis.ts';
import type {Cleanup} from './cleanup.ts';
import {sizing} from './pool-sizing.ts';
import type {Stage} from './stage.ts';
import {median, quantile, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const ROUNDS = 20;
const AT_ONCE = 10;
const BATCH = 100;
const BODY = randomBytes(4_096);
const RESULT = randomBytes(8_192);
const OVERHEAD_MS = 250;
const SELF = {name: 'bench', host: 'bench', version: '0', opencode: '0'};

let count = 0;
function aJob(route: string): PoolJob {
  return {id: `bench-${++count}`, owner: 'bench', route, notAfter: Date.now() + 3_600_000, body: BODY};
}

/** What a pool adds to a delegation, and what its database carries. */
export async function* pool(_stage: Stage, cleanup: Cleanup): AsyncGenerator<Row> {
  // As people run it: each commit is on the disk before it is answered.
  const postgres = await startPostgres({fsync: 'on', synchronous_commit: 'on'});
  cleanup.defer(() => postgres.stop());
  await postgres.create('pool');
  await setUpPool(postgres.urlOf('pool'));
  const url = postgres.urlOf('pool');
  yield* measured('Postgres', url, await commits(url));
  yield* sizing(url);
  if (REDIS !== undefined) {
    const redis = await startRedis();
    cleanup.defer(() => redis.stop());
    yield* measured('Redis', `redis://127.0.0.1:${redis.port}`, undefined);
  }
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

async function* measured(
  name: string,
  url: string,
  raw: {one: number; perSecond: number} | undefined,
): AsyncGenerator<Row> {
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
  yield* [
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
