import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {allGone, processesIn} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {promptOf} from './model.ts';
import type {Stage} from './stage.ts';
import {interleaved, median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const ROUNDS = 5;
const MAX_MS = 150;

/** The first delegation of a day: neither host nor OpenCode run, and what OpenCode offers is remembered, or is not. */
export async function* cold(stage: Stage): AsyncGenerator<Row> {
  if (process.platform !== 'linux') return;
  const sandbox = stage.sandbox();
  // Without it, OpenCode writes it into the file as it reads it, and so changes it.
  sandbox.configure({$schema: 'https://opencode.ai/config.json', ...sandbox.config});
  await firstOfDay(stage, sandbox);
  const samples = await interleaved({
    rounds: ROUNDS,
    ours: () => firstOfDay(stage, sandbox),
    baseline: () => {
      rmSync(join(sandbox.dataDir, '.offers'), {recursive: true, force: true});
      return firstOfDay(stage, sandbox);
    },
  });
  const [ours, without] = [median(samples.ours), median(samples.baseline)];
  yield* [
    {
      what: `first delegate of a day answers (n=${ROUNDS})`,
      measured: ms(ours),
      baseline: `nothing remembered: ${ms(without)}`,
      ratio: times(ours / without),
      goal: `<= ${MAX_MS} ms`,
      met: ours <= MAX_MS,
    },
  ];
}

async function firstOfDay(stage: Stage, sandbox: Sandbox): Promise<number> {
  const bin = await stage.bin({OPENCODE_DELEGATE_HOST: 'on'}, sandbox);
  await bin.client.listTools();
  let id = '';
  const took = await timed(async () => {
    id = await bin.delegate(promptOf(0));
  });
  await bin.read(id);
  await bin.close();
  for (const {pid, command} of processesIn(sandbox.root)) {
    if (/main\.cjs host$/.test(command)) process.kill(pid, 'SIGTERM');
  }
  await allGone(sandbox.root);
  return took;
}
