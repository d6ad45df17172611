import {promptOf} from './model.ts';
import type {Stage} from './stage.ts';
import {interleaved, median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const LANES = ['one', 'two', 'three', 'limited'] as const;
const PER_LANE = 50;
const CONCURRENCY = 16;
const MODEL_MS = 100;
const RETRY_AFTER_SECONDS = 3;
const ROUNDS = 3;
const MAX_RATIO = 1.1;

/** Several models at once, of which one is rate-limited: what the others pay for it. */
export async function* lanes(stage: Stage): AsyncGenerator<Row> {
  const env = {
    OPENCODE_DELEGATE_CONCURRENCY: String(CONCURRENCY),
    // Each model has a lane of its own, as providers have.
    OPENCODE_DELEGATE_LIMITS: LANES.map((name) => `scripted/${name}=${CONCURRENCY}`).join(','),
  };
  const bin = await stage.warmBin(env, stage.sandbox({models: ['model', ...LANES]}));
  /** How long the first three lanes take, with as much to do in the fourth. */
  const run = async (): Promise<number> => {
    let ids: {lane: string; id: string}[] = [];
    const took = await timed(async () => {
      const orders = Array.from({length: PER_LANE}, () => LANES).flat();
      ids = await Promise.all(
        orders.map(async (lane) => ({
          lane,
          id: await bin.delegate(promptOf(MODEL_MS), {model: `scripted/${lane}`}),
        })),
      );
      await Promise.all(ids.filter(({lane}) => lane !== 'limited').map(({id}) => bin.read(id)));
    });
    stage.model.accept();
    await Promise.all(ids.map(({id}) => bin.read(id)));
    return took;
  };
  const samples = await interleaved({
    rounds: ROUNDS,
    ours: () => {
      stage.model.refuse('limited', RETRY_AFTER_SECONDS);
      return run();
    },
    baseline: run,
  });
  const [limited, free] = [median(samples.ours), median(samples.baseline)];
  yield* [
    {
      what: `${PER_LANE * LANES.length} delegations over ${LANES.length} lanes, one rate-limited: the other three (n=${ROUNDS})`,
      measured: ms(limited),
      baseline: `none rate-limited: ${ms(free)}`,
      ratio: times(limited / free),
      goal: `<= ${MAX_RATIO.toFixed(2)}x`,
      met: limited / free <= MAX_RATIO,
    },
  ];
}
