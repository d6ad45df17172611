import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {Stage} from './stage.ts';
import {interleaved, median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const ROUNDS = 15;

/** How long a client waits for the tools. OpenCode starts after that, and is stopped before the next sample. */
export async function* launch(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  const ours = async () => {
    const from = performance.now();
    const bin = await stage.bin({}, sandbox);
    try {
      await bin.client.listTools();
      return performance.now() - from;
    } finally {
      await bin.close();
    }
  };
  const baseline = () => timed(() => once(spawn(process.execPath, ['-e', '0'], {env: sandbox.env}), 'exit'));
  await ours();
  await baseline();
  const samples = await interleaved({rounds: ROUNDS, ours, baseline});
  const [measured, bare] = [median(samples.ours), median(samples.baseline)];
  yield* [
    {
      what: `launch to tools/list (n=${ROUNDS})`,
      measured: ms(measured),
      baseline: `node -e 0: ${ms(bare)}`,
      ratio: times(measured / bare),
      goal: '-',
    },
  ];
}
