import {spawnSync} from 'node:child_process';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {BIN, type Sandbox} from '../support/sandbox.ts';
import {writeRecords} from './records.ts';
import type {Stage} from './stage.ts';
import {interleaved, median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const RECORDS = 1_000;
const ROUNDS = 25;
/** A prompt waits for its hooks, and Node is what each of them costs at least. */
const MOST = 1.6;

/** What a client's hook costs, which runs before every prompt. */
export async function* hook(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  await writeRecords(sandbox, {count: RECORDS, unread: 0});
  const told = stage.sandbox();
  await writeRecords(told, {count: 1, unread: 1});
  yield measured('nothing to tell, 1 record', told, {session: 'told'});
  yield measured('an end to tell, 1 record', told, {session: 'new', isFresh: true});
  yield measured(`nothing to tell, ${RECORDS.toLocaleString('en-US')} records`, sandbox, {session: 'one'});
}

async function measured(
  what: string,
  sandbox: Sandbox,
  {session, isFresh = false}: {readonly session: string; readonly isFresh?: boolean},
): Promise<Row> {
  const input = JSON.stringify({
    ...{session_id: session, cwd: sandbox.project, hook_event_name: 'UserPromptSubmit', prompt: 'Go on.'},
  });
  const run = (args: readonly string[], given = '') => {
    const {status, stdout, stderr} = spawnSync(process.execPath, [...args], {
      ...{cwd: sandbox.project, env: sandbox.env, encoding: 'utf8', input: given},
    });
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const hooked = async () => {
    if (isFresh) rmSync(join(sandbox.dataDir, '.notices'), {recursive: true, force: true});
    let printed = '';
    const took = await timed(async () => {
      printed = run([BIN, 'hook', 'prompt', '--client', 'claude-code'], input);
    });
    if (isFresh !== printed.includes('not read yet')) throw new Error(`it printed: ${printed}`);
    return took;
  };
  // The first one tells what there is, and the first look is at all records.
  run([BIN, 'hook', 'prompt', '--client', 'claude-code'], input);
  const baseline = () => timed(async () => run(['-e', '0']));
  const samples = await interleaved({rounds: ROUNDS, ours: hooked, baseline});
  const [ours, bare] = [median(samples.ours), median(samples.baseline)];
  return {
    what: `hook: ${what} (n=${ROUNDS})`,
    measured: ms(ours),
    baseline: `node -e 0: ${ms(bare)}`,
    ratio: times(ours / bare),
    goal: `<= ${MOST}x`,
    met: ours / bare <= MOST,
  };
}
