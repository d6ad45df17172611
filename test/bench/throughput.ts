import PQueue from 'p-queue';
import {promptOf} from './model.ts';
import type {Stage} from './stage.ts';
import {interleaved, median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const COUNT = 100;
const CONCURRENCY = 16;
const MODEL_MS = 200;
const ROUNDS = 3;
const MAX_RATIO = 1.1;

/** Many at once: our queue against a pool over the bare SDK. */
export async function throughput(stage: Stage): Promise<readonly Row[]> {
  const bin = await stage.warmBin({OPENCODE_DELEGATE_CONCURRENCY: String(CONCURRENCY)});
  const raw = await stage.warmRaw();
  const all = Array.from({length: COUNT}, () => promptOf(MODEL_MS));
  const ours = async () => {
    const ids = await Promise.all(all.map((prompt) => bin.delegate(prompt)));
    await Promise.all(ids.map((id) => bin.read(id)));
  };
  const pool = async () => {
    const queue = new PQueue({concurrency: CONCURRENCY});
    await Promise.all(all.map((prompt) => queue.add(() => raw.run(prompt))));
  };
  const samples = await interleaved({rounds: ROUNDS, ours: () => timed(ours), baseline: () => timed(pool)});
  const [measured, baseline] = [median(samples.ours), median(samples.baseline)];
  return [
    {
      what: `${COUNT} delegations, ${CONCURRENCY} at a time, ${MODEL_MS} ms model (n=${ROUNDS})`,
      measured: ms(measured),
      baseline: `SDK pool, ${CONCURRENCY} at a time: ${ms(baseline)}`,
      ratio: times(measured / baseline),
      goal: `<= ${MAX_RATIO.toFixed(2)}x`,
      met: measured / baseline <= MAX_RATIO,
    },
  ];
}
