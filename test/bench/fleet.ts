import {blobOf, eachOf, PoolFleet, workOf} from '../support/pool-fleet.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {Bin} from './bin.ts';
import type {Cleanup} from './cleanup.ts';
import type {Stage} from './stage.ts';
import {median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const MACHINES = 3;
const EACH = 8;
const SLOTS = 4;
const COUNT = MACHINES * EACH;
/** One at a time. */
const SINGLES = 1;
const MIN_RATIO = 0.9;
/**
 * So long the model thinks before each of its two steps. Real ones take longer. All machines of the fleet are one here:
 * with a model that answers at once, its processors would be what is measured, and not the pool.
 */
const STEP_MS = 30_000;

/** Three workers of a pool, against the same three machines that each do a third for themselves. */
export async function* fleet(_stage: Stage, cleanup: Cleanup): AsyncGenerator<Row> {
  const open = await PoolFleet.open(MACHINES, STEP_MS);
  cleanup.defer(() => open.close());
  const alone = await aloneIn(open, cleanup);
  await open.startWorkers(SLOTS);
  const pool = await pooledIn(open, cleanup);
  const [here, there] = [COUNT / (alone.all / 1_000), COUNT / (pool.all / 1_000)];
  yield* [
    {
      what: `pool of ${MACHINES} workers, ${COUNT} delegations of ${(2 * STEP_MS) / 1_000} s, ${SLOTS} at a time on each`,
      measured: `${there.toFixed(2)}/s`,
      baseline: `the same machines alone ${here.toFixed(2)}/s`,
      ratio: times(there / here),
      goal: `>= ${MIN_RATIO.toFixed(2)}x`,
      met: there / here >= MIN_RATIO,
    },
    {
      what: `pool: a delegation that nothing waits before, from delegate to its branch (n=${SINGLES})`,
      measured: ms(median(pool.singles)),
      baseline: `in a worktree here ${ms(median(alone.singles))}`,
      ratio: `+ ${ms(median(pool.singles) - median(alone.singles))}`,
      goal: '',
    },
  ];
}

interface Measured {
  readonly all: number;
  readonly singles: readonly number[];
}

/** What all of them do at once, each for a client of its own. */
async function aloneIn({machines}: PoolFleet, cleanup: Cleanup): Promise<Measured> {
  const env = {OPENCODE_DELEGATE_CONCURRENCY: String(SLOTS)};
  const bins = await Promise.all(machines.map((sandbox) => started(sandbox, env, cleanup)));
  const input = {access: 'worktree', where: 'here'};
  await Promise.all(bins.map((bin) => doneBy(bin, [1_000, 1_000 + SLOTS], SLOTS, input)));
  const all = await timed(() =>
    Promise.all(bins.map((bin, n) => doneBy(bin, [n * EACH, (n + 1) * EACH], 2 * SLOTS, input))),
  );
  const [bin] = bins;
  const singles = bin === undefined ? [] : await oneByOne(bin, input);
  await Promise.all(bins.map((each) => each.close()));
  return {all, singles};
}

async function pooledIn(open: PoolFleet, cleanup: Cleanup): Promise<Measured> {
  // Its own limit is not what is measured.
  const bin = await started(open.client, {OPENCODE_DELEGATE_CONCURRENCY: '100'}, cleanup);
  const input = {where: 'pool'};
  const slots = MACHINES * SLOTS;
  await doneBy(bin, [2_000, 2_000 + slots], slots, input);
  const from = 3_000;
  const ids = new Map<number, string>();
  const all = await timed(() => doneBy(bin, [from, from + COUNT], 2 * slots, input, ids));
  for (const [n, id] of ids) {
    const {file, content} = workOf(n);
    const blob = open.repository.git('rev-parse', `delegation/${id}:${file}`);
    if (blob !== blobOf(content) || open.begun.get(n) !== 1)
      throw new Error(`number ${n} was not done right`);
  }
  const singles = await oneByOne(bin, input);
  await bin.close();
  return {all, singles};
}

async function started(sandbox: Sandbox, env: Record<string, string>, cleanup: Cleanup): Promise<Bin> {
  const bin = await Bin.start({sandbox, env});
  cleanup.defer(() => bin.close());
  return bin;
}

async function doneBy(
  bin: Bin,
  range: readonly [number, number],
  atOnce: number,
  input: Record<string, unknown>,
  ids = new Map<number, string>(),
): Promise<void> {
  await eachOf(range, atOnce, async (n) => {
    const id = await bin.delegate(workOf(n).prompt, input);
    ids.set(n, id);
    await completes(bin, id);
  });
}

/** On a busy machine, one takes longer than a call may wait. */
async function completes(bin: Bin, id: string): Promise<void> {
  for (;;) {
    const [head = ''] = await bin.call('delegation_read', {id, wait_seconds: 200});
    if (head.includes(`${id} · completed`)) return;
    if (!/· (?:queued|running) ·/.test(head)) throw new Error(`it did not complete: ${head}`);
  }
}

async function oneByOne(bin: Bin, input: Record<string, unknown>): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let n = 0; n < SINGLES; n++)
    taken.push(await timed(() => doneBy(bin, [9_000 + n, 9_001 + n], 1, input)));
  return taken;
}
