import {openCodeIn} from '../support/processes.ts';
import {promptOf} from './model.ts';
import {hostIn, processorMs} from './resident.ts';
import type {Stage} from './stage.ts';
import {interleaved, median, quantile, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const COUNT = 160;
const CONCURRENCY = 16;
const MODEL_MS = 200;
const ROUNDS = 5;
const MAX_RATIO = 1.1;
const MAX_ACK_MS = 15;
const MAX_PROCESSOR_MS = 10;
const WHAT = `${CONCURRENCY} at a time, ${MODEL_MS} ms model`;

/** Many at once through bridge and host, each worker reading before it delegates again, against the bare SDK. */
export async function* throughput(stage: Stage): AsyncGenerator<Row> {
  if (process.platform !== 'linux') return;
  const env = {OPENCODE_DELEGATE_HOST: 'on', OPENCODE_DELEGATE_CONCURRENCY: String(CONCURRENCY)};
  const sandbox = stage.sandbox();
  const bin = await stage.warmBin(env, sandbox);
  const raw = await stage.warmRaw();
  const acks: number[] = [];
  const pings: number[] = [];
  const ours = () =>
    together(async () => {
      pings.push(await timed(() => bin.client.ping()));
      let id = '';
      acks.push(
        await timed(async () => {
          id = await bin.delegate(promptOf(MODEL_MS));
        }),
      );
      await bin.read(id);
    });
  const pool = () => together(() => raw.run(promptOf(MODEL_MS)));
  const host = hostIn(sandbox);
  const [server] = openCodeIn(sandbox.root);
  if (server === undefined) throw new Error('there is no OpenCode');
  // The first rounds compile what the others run.
  await ours();
  await pool();
  acks.length = 0;
  pings.length = 0;
  const used = {host: 0, server: 0};
  const oursCounted = async () => {
    const before = {host: processorMs(host), server: processorMs(server.pid)};
    const took = await timed(ours);
    used.host += processorMs(host) - before.host;
    used.server += processorMs(server.pid) - before.server;
    return took;
  };
  const samples = await interleaved({rounds: ROUNDS, ours: oursCounted, baseline: () => timed(pool)});
  const [measured, baseline] = [median(samples.ours), median(samples.baseline)];
  const [ack, ping] = [quantile(acks, 0.5), quantile(pings, 0.5)];
  const [own, theirs] = [used.host, used.server].map((spent) => spent / (ROUNDS * COUNT)) as [number, number];
  yield* [
    {
      what: `${COUNT} delegations, ${WHAT} (n=${ROUNDS})`,
      measured: ms(measured),
      baseline: `SDK pool, ${CONCURRENCY} at a time: ${ms(baseline)}`,
      ratio: times(measured / baseline),
      goal: `<= ${MAX_RATIO.toFixed(2)}x`,
      met: measured / baseline <= MAX_RATIO,
    },
    {
      what: `delegate answers meanwhile (n=${acks.length})`,
      measured: `p50 ${ms(ack)}, p99 ${ms(quantile(acks, 0.99))}`,
      baseline: `ping meanwhile: p50 ${ms(ping)}`,
      ratio: times(ack / ping),
      goal: `p50 <= ${MAX_ACK_MS} ms`,
      met: ack <= MAX_ACK_MS,
    },
    {
      what: `processor time of the host for a delegation (n=${acks.length})`,
      measured: ms(own),
      baseline: `of OpenCode: ${ms(theirs)}`,
      ratio: times(own / theirs),
      goal: `<= ${MAX_PROCESSOR_MS} ms`,
      met: own <= MAX_PROCESSOR_MS,
    },
  ];
}

async function together(one: () => Promise<void>): Promise<void> {
  let left = COUNT;
  const worker = async () => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({length: CONCURRENCY}, worker));
}
