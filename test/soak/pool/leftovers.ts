import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {messageOf} from '../../../src/base/errors.ts';
import {runCommand} from '../../support/command.ts';
import {allGone, eventually} from '../../support/processes.ts';
import {LATE} from '../records.ts';
import type {PoolWorld} from './world.ts';

/** What is cleaned up while all runs: a job whose worker is told to stop is given a minute. */
const CLEAN_MS = 120_000;
const GONE_MS = 60_000;
/** Of workers that are there, and the last ten thousand events of each line, which BullMQ keeps: no more than ids. */
const LASTING = ['desk_worker', 'event', 'meta'];
const LOST = /The pool has lost its worker/;
const REMAINS = /\.(lock|sock|claim|tmp|probe|takeover|bundle)$|\.lock\.|^\.pool\/.*\.json$/;

/** To be called while all machines run, and nothing is open any more. */
export async function expectAllForgotten(world: PoolWorld): Promise<void> {
  const {database, workers, findings} = world;
  let rows: Readonly<Record<string, number>> = {};
  await eventually(async () => {
    rows = await database.rows(awaited(world));
    return Object.keys(rows).every((name) => LASTING.includes(name));
  }, CLEAN_MS).catch(() => findings.broken('left behind', 'rows', JSON.stringify(rows)));
  for (const worker of workers) {
    await eventually(() => worker.leftovers().length === 0, CLEAN_MS).catch(() =>
      findings.broken('left behind', worker.name, worker.leftovers().join(', ')),
    );
  }
}

/** Ends all machines in order, and sees what is left of them. */
export async function expectNothingLeft(world: PoolWorld, running: Promise<unknown>): Promise<void> {
  const {database, workers, clients, findings} = world;
  for (const worker of workers) worker.stop();
  await running;
  for (const {name, machine} of clients) {
    const {stdout, exitCode} = await runCommand(machine.sandbox, ['stop', '--all']);
    if (exitCode !== 0) findings.broken('left behind', name, stdout);
  }
  for (const {name, root} of [...workers, ...clients]) {
    await allGone(root, GONE_MS).catch((error: unknown) =>
      findings.broken('left behind', `processes of ${name}`, messageOf(error)),
    );
  }
  for (const {name, machine, repository} of clients) {
    const {dataDir} = machine.sandbox;
    for (const file of readdirSync(dataDir, {recursive: true, encoding: 'utf8'})) {
      const isAwaited = awaited(world).some((id) => file.includes(`/${id}@`));
      if (REMAINS.test(file) && !isAwaited)
        findings.broken('left behind', `${name} ${file}`, 'it is still there');
    }
    const worktrees = repository.git('worktree', 'list', '--porcelain').match(/^worktree /gm) ?? [];
    if (worktrees.length > 1) findings.broken('left behind', name, `${worktrees.length} worktrees`);
  }
  for (const {name, machine} of workers) {
    const folder = join(machine.sandbox.env.HOME ?? '', '.local/share/opencode-delegate/worker');
    for (const file of readdirSync(folder, {recursive: true, encoding: 'utf8'})) {
      if (REMAINS.test(file)) findings.broken('left behind', `${name} ${file}`, 'it is still there');
    }
  }
  const {event: _, meta: __, ...rows} = await database.rows(awaited(world));
  if (Object.keys(rows).length > 0) findings.broken('left behind', 'rows at the end', JSON.stringify(rows));
}

/** Of a worker that was lost, its owner waits for a late answer: for a day, as long as nothing has come. */
function awaited({clients}: PoolWorld): readonly string[] {
  const ended = clients.flatMap(({records}) => records.ended);
  return ended
    .filter(({state, text}) => 'error' in state && LOST.test(state.error ?? '') && !LATE.test(text))
    .map(({id}) => id);
}
