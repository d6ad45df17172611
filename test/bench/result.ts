import {setTimeout as delay} from 'node:timers/promises';
import {promptOf} from './model.ts';
import type {Stage} from './stage.ts';
import {interleaved, median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const ROUNDS = {slow: 15, instant: 40};
const SLOW_MS = 1_000;
const MAX_RATIO = 1.05;
const MAX_EXTRA_MS = 40;
/** Lets both servers finish what they do after an answer. */
const PAUSE_MS = 50;

/** From the call of `delegate` to the result in the caller's hands, against a prompt that blocks. */
export async function* result(stage: Stage): AsyncGenerator<Row> {
  const bin = await stage.warmBin();
  const raw = await stage.warmRaw();
  const compare = async (rounds: number, prompt: string) => {
    const samples = await interleaved({
      rounds,
      ours: () => rested(async () => bin.read(await bin.delegate(prompt))),
      baseline: () => rested(() => raw.run(prompt)),
    });
    return {ours: median(samples.ours), raw: median(samples.baseline)};
  };
  const slow = await compare(ROUNDS.slow, promptOf(SLOW_MS));
  const instant = await compare(ROUNDS.instant, promptOf(0));
  const baseline = (value: number) => `session.create + session.prompt: ${ms(value)}`;
  yield* [
    {
      what: `delegate to result, ${SLOW_MS} ms model (n=${ROUNDS.slow})`,
      measured: ms(slow.ours),
      baseline: baseline(slow.raw),
      ratio: times(slow.ours / slow.raw),
      goal: `<= ${MAX_RATIO.toFixed(2)}x`,
      met: slow.ours / slow.raw <= MAX_RATIO,
    },
    {
      what: `delegate to result, 0 ms model (n=${ROUNDS.instant})`,
      measured: ms(instant.ours),
      baseline: baseline(instant.raw),
      ratio: `${times(instant.ours / instant.raw)} (${ms(instant.ours - instant.raw)} more)`,
      goal: `<= ${MAX_EXTRA_MS} ms more`,
      met: instant.ours - instant.raw <= MAX_EXTRA_MS,
    },
  ];
}

async function rested(action: () => Promise<void>): Promise<number> {
  await delay(PAUSE_MS);
  return timed(action);
}
