import {readdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {Bin} from './bin.ts';
import {writeRecords} from './records.ts';
import type {Stage} from './stage.ts';
import {median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const RECORDS = 10_000;
const OF = `of ${RECORDS.toLocaleString('en-US')}`;
const LAUNCHES = 3;
const CALLS = 50;
const FIRST_MS = 1_500;
const REPEATED_MS = 50;
const READ_MS = 5;
/** Longer than the store holds a folder's time stamp for too young to be trusted. */
const SETTLE_MS = 80;

/**
 * A project with a long history. Tools are not listed first, so no OpenCode starts beside it: what is measured
 * is the store and its rendering alone.
 */
export async function* list(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  const records = await writeRecords(sandbox, {count: RECORDS, unread: CALLS});
  await delay(SETTLE_MS);
  const first: number[] = [];
  const plain: number[] = [];
  let bin: Bin | undefined;
  for (let n = 0; n < LAUNCHES; n++) {
    plain.push(await timed(async () => readAll(records.folder)));
    await bin?.close();
    bin = await stage.bin({}, sandbox);
    first.push(await timed(() => listed(bin)));
  }
  if (bin === undefined) throw new Error('nothing was launched');
  const {client} = bin;
  const pings = await sample(() => client.ping());
  const repeated = await sample(() => listed(bin));
  const changed = await sample(
    () => listed(bin),
    (n) => touch(records.file(records.read[n] ?? '')),
  );
  await listed(bin);
  const reads = await sample((n) => readOne(bin, records.read[n]));
  const firstReads = await sample((n) => readOne(bin, records.unread[n]));
  const ping = median(pings);
  const againstPing = (what: string, values: readonly number[], goalMs: number): Row => ({
    what: `${what} (n=${CALLS})`,
    measured: ms(median(values)),
    baseline: `ping: ${ms(ping)}`,
    ratio: times(median(values) / ping),
    goal: `<= ${goalMs} ms`,
    met: median(values) <= goalMs,
  });
  yield* [
    {
      what: `delegation_list ${OF}, first (n=${LAUNCHES})`,
      measured: ms(median(first)),
      baseline: `reading all files: ${ms(median(plain))}`,
      ratio: times(median(first) / median(plain)),
      goal: `<= ${FIRST_MS} ms`,
      met: median(first) <= FIRST_MS,
    },
    againstPing(`delegation_list ${OF}, repeated`, repeated, REPEATED_MS),
    againstPing(`delegation_list ${OF}, after one record changed`, changed, REPEATED_MS),
    againstPing(`delegation_read ${OF}, read before`, reads, READ_MS),
    againstPing(`delegation_read ${OF}, for the first time`, firstReads, READ_MS),
  ];
}

async function sample(
  action: (n: number) => Promise<unknown>,
  before?: (n: number) => void,
): Promise<number[]> {
  const values: number[] = [];
  for (let n = 0; n < CALLS; n++) {
    before?.(n);
    await delay(SETTLE_MS);
    values.push(await timed(() => action(n)));
  }
  return values;
}

async function listed(bin: Bin | undefined): Promise<void> {
  const [text = ''] = (await bin?.call('delegation_list', {})) ?? [];
  if (!text.includes(`${OF} delegations`)) throw new Error(`not all are listed: ${text.slice(0, 200)}`);
}

async function readOne(bin: Bin | undefined, id: string | undefined): Promise<void> {
  if (id === undefined) throw new Error('there are too few records');
  const [head = ''] = (await bin?.call('delegation_read', {id, max_chars: 45_000})) ?? [];
  if (!head.includes(`${id} · completed`)) throw new Error(`not the result of ${id}: ${head}`);
}

/** Writes a record again, as another process would. */
function touch({path, content}: {path: string; content: string}): void {
  writeFileSync(`${path}.new`, content, {mode: 0o600});
  renameSync(`${path}.new`, path);
}

function readAll(folder: string): void {
  for (const name of readdirSync(folder)) readFileSync(join(folder, name), 'utf8');
}
