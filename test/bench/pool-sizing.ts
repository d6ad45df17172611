import {readFileSync} from 'node:fs';
import pg from 'pg';
import {type PoolCost, poolCosts} from './pool-load.ts';
import {peakOf, SIZES} from './pool-simulation.ts';
import type {Row} from './table.ts';

const ASKS = 300;
const ASK = `SELECT DISTINCT lane FROM opencode_delegate.desk_job WHERE claim IS NULL AND NOT is_over AND NOT is_done`;
const LISTENERS = 40;
const NOTIFICATIONS = 100;
const NOTHING = {ratio: '', goal: ''};

/** What one Postgres carries: what each part of a pool costs it, and what that makes of pools of three sizes. */
export async function* sizing(url: string): AsyncGenerator<Row> {
  if (process.platform !== 'linux') return;
  const costs = await poolCosts(url);
  const client = new pg.Client(url);
  await client.connect();
  const wakes = {askMs: await asked(client), wakeMs: await woken(url, client)};
  await client.end();
  const parts: readonly [string, PoolCost][] = [
    ['a delegation with two files of 64 KB, without letters', costs.delegation],
    ['a letter of 500 bytes', costs.letter],
    ['a second of a worker', costs.worker],
    ['a second of a delegation at work', costs.lease],
    ['a second of a client that waits for four', costs.client],
  ];
  yield* [
    ...parts.map(([what, cost]) => ({
      what: `pool in Postgres: ${what}`,
      measured: inWords(cost, 2),
      baseline: `${cost.processorMs.toFixed(2)} ms of a processor`,
      ...NOTHING,
    })),
    {
      what: 'pool in Postgres: a question for what waits; a listener that is woken',
      measured: `${wakes.askMs.toFixed(3)} ms; ${wakes.wakeMs.toFixed(3)} ms of a processor`,
      baseline: '',
      ...NOTHING,
    },
    ...SIZES.map((size) => {
      const {busiest, atWork, cost, cores} = peakOf(size, costs, wakes);
      const [workers, aDay] = [size.workers, size.aDay].map((count) => count.toLocaleString('en-US'));
      return {
        what: `pool in Postgres, simulated: ${workers} workers, ${aDay} delegations a day, at the peak`,
        measured: inWords(cost, 0),
        baseline: `${busiest} begin a second, ${atWork.toLocaleString('en-US')} at work; ${cores.toFixed(2)} cores`,
        ...NOTHING,
      };
    }),
  ];
}

function inWords({transactions, rows, walBytes, notifications}: PoolCost, digits: number): string {
  const [a, b, c] = [transactions, rows, notifications].map((value) =>
    value.toLocaleString('en-US', {maximumFractionDigits: digits}),
  );
  return `${a} transactions, ${b} rows, ${c} notifications, ${(walBytes / 1_000).toFixed(digits === 0 ? 0 : 1)} KB written ahead`;
}

async function asked(client: pg.Client): Promise<number> {
  const pids = [await pidOf(client)];
  const used = cpuMs(pids);
  for (let n = 0; n < ASKS; n++) await client.query(ASK);
  return (cpuMs(pids) - used) / ASKS;
}

/** Processor time that one notification costs for each connection that listens, in milliseconds. */
async function woken(url: string, client: pg.Client): Promise<number> {
  const clients = Array.from({length: LISTENERS}, () => new pg.Client(url));
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
      if (count === LISTENERS * NOTIFICATIONS) resolve();
    });
    await each.query('LISTEN bench');
    pids.push(await pidOf(each));
  }
  const used = cpuMs(pids);
  for (let n = 0; n < NOTIFICATIONS; n++) await client.query(`SELECT pg_notify('bench', '${n}')`);
  await all;
  const taken = cpuMs(pids) - used;
  await Promise.all(clients.map((each) => each.end()));
  return taken / NOTIFICATIONS / LISTENERS;
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
