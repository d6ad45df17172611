import {open, rename} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {Bin} from './bin.ts';
import {HELD_PROMPT, promptOf} from './model.ts';
import type {Stage} from './stage.ts';
import {median, quantile, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const ALONE = 100;
const AMONG = 60;
const HELD = 50;
/** Leaves slots for those that are measured while the held ones run. */
const CONCURRENCY = 60;
/** Lets OpenCode finish what it does after an answer. */
const PAUSE_MS = 50;
const P50_MS = 10;
const P99_MS = 50;
/** As large as a record that has not run. */
const RECORD_BYTES = 700;

/** How long `delegate` keeps its caller. */
export async function* delegate(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  const bin = await stage.warmBin({OPENCODE_DELEGATE_CONCURRENCY: String(CONCURRENCY)}, sandbox);
  const write = () => timed(() => writeSynced(sandbox.root));
  const alone = await samples(ALONE, bin, write);
  const held = await Promise.all(Array.from({length: HELD}, () => bin.delegate(HELD_PROMPT)));
  await stage.model.holds(HELD);
  await delay(2_000);
  const among = await samples(AMONG, bin, write);
  stage.model.release();
  await Promise.all(held.map((id) => bin.read(id)));
  yield* [
    row(`delegate answers, alone (n=${ALONE})`, alone),
    row(`delegate answers, ${HELD} running (n=${AMONG})`, among),
  ];
}

interface Samples {
  readonly delegates: readonly number[];
  readonly writes: readonly number[];
}

/** Each delegation ends before the next begins. */
async function samples(count: number, bin: Bin, write: () => Promise<number>): Promise<Samples> {
  const delegates: number[] = [];
  const writes: number[] = [];
  for (let n = 0; n < count; n++) {
    let id = '';
    delegates.push(
      await timed(async () => {
        id = await bin.delegate(promptOf(0));
      }),
    );
    await bin.read(id);
    await delay(PAUSE_MS);
    writes.push(await write());
  }
  return {delegates, writes};
}

/** The least that keeping a record safe can cost: a file written, synced and renamed. */
async function writeSynced(folder: string): Promise<void> {
  const path = join(folder, 'synced');
  const file = await open(`${path}.new`, 'w');
  try {
    await file.writeFile('x'.repeat(RECORD_BYTES));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

function row(what: string, {delegates, writes}: Samples): Row {
  const [p50, p99] = [median(delegates), quantile(delegates, 0.99)];
  return {
    what,
    measured: `p50 ${ms(p50)}, p99 ${ms(p99)}`,
    baseline: `a synced write: p50 ${ms(median(writes))}, p99 ${ms(quantile(writes, 0.99))}`,
    ratio: times(p50 / median(writes)),
    goal: `p50 <= ${P50_MS} ms, p99 <= ${P99_MS} ms`,
    met: p50 <= P50_MS && p99 <= P99_MS,
  };
}
