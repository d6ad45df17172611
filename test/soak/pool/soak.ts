import {setTimeout as pause} from 'node:timers/promises';
import {withTimeout} from '../../../src/base/with-timeout.ts';
import {hasEnded} from '../../../src/delegation/model/delegation.ts';
import {eventually} from '../../support/processes.ts';
import {Findings} from '../findings.ts';
import {Random} from '../random.ts';
import type {SoakOptions} from '../soak.ts';
import {expectRightBranches} from './branches.ts';
import {countContinued} from './continued.ts';
import {type PoolFault, PoolFaults} from './faults.ts';
import {expectAllForgotten, expectNothingLeft} from './leftovers.ts';
import {type PoolSoakResult, renderPoolProgress} from './report.ts';
import {heal, openPoolWorld, type PoolWorld} from './world.ts';

const REPORT_EVERY = 10;
/** The model is asked so often at most between two faults, so that they hit work on fast and slow machines. */
const MOST_REQUESTS = 4;
const UNASKED_MS = 20_000;
/** After that, at most so long, so that faults hit all of a job's moments. */
const PAUSE_MS = 2_000;
/** After the last fault, everything that is open has an end within this time, also on a busy machine. */
const SETTLE_MS = 240_000;
/** What a record says of work that can be delegated again without anything being done twice. */
const NOT_SENT = /Nothing (had been|was) (sent|begun)|It had not started to run/;

/** What is lost has no fault, and what was not begun is handed back. */
const FAULT = /A fault of the worker/;

/** Does harm to machines that share a pool while they work, and looks whether what must hold does. */
export async function soakPool(options: SoakOptions): Promise<PoolSoakResult> {
  const random = new Random(options.seed);
  const world = await openPoolWorld(new Findings(options), random);
  try {
    const working = Promise.all(world.workers.map((worker) => worker.run()));
    const calling = Promise.all(world.clients.map(({client}) => client.run()));
    const struck = await striking(options, {world, random});
    await heal(world);
    for (const {client} of world.clients) client.stop();
    await calling;
    await settle(world);
    expectRightBranches(world);
    countContinued(world);
    await expectAllForgotten(world);
    await expectNothingLeft(world, working);
    return {struck, world};
  } finally {
    await heal(world);
    for (const worker of world.workers) worker.stop();
    await world.remove(options.keep);
  }
}

async function striking(
  {kills, minutes, signal, tell}: SoakOptions,
  {world, random}: {world: PoolWorld; random: Random},
): Promise<readonly PoolFault[]> {
  const {findings, work, clients} = world;
  const faults = new PoolFaults(world, random.fork());
  const deadline = Date.now() + minutes * 60_000;
  const struck: PoolFault[] = [];
  while (struck.length < kills && Date.now() < deadline && !signal.aborted) {
    await withTimeout(UNASKED_MS, work.requests.more(random.between(0, MOST_REQUESTS)), undefined);
    await pause(random.between(0, PAUSE_MS));
    struck.push(await faults.strike());
    findings.round = struck.length;
    for (const {records} of clients) records.look();
    if (struck.length % REPORT_EVERY === 0) tell(renderPoolProgress(world));
  }
  return struck;
}

/** Waits until everything has its end, as clients do. */
async function settle({clients, work, findings, counts}: PoolWorld): Promise<void> {
  const waiting = clients.map((client) => client.connected());
  const all = await Promise.all(waiting);
  try {
    await eventually(() => {
      for (const {records} of clients) records.look();
      return clients.every(({records}) => records.open.length === 0);
    }, SETTLE_MS).catch(() => {});
  } finally {
    await Promise.all(all.map((one) => one.close()));
  }
  for (const {records, name, cancelled} of clients) {
    for (const {id, state} of records.open)
      findings.broken('lost', id, `it is ${state.status} on ${name} long after the last fault`);
    for (const {id, prompt, state} of records.ended) {
      if (state.status === 'cancelled' && !cancelled.has(id))
        findings.broken('unasked', id, state.error ?? '');
      // A worker that was frozen can only find out when it is no longer.
      if (hasEnded(state) && (work.of(prompt)?.firstAt ?? 0) > state.endedAt)
        counts.add(`asked of the model when the end "${state.status}" was known`, 1);
      if ('error' in state && FAULT.test(state.error ?? '')) findings.broken('faulty', id, state.error ?? '');
      const isDenied = 'error' in state && NOT_SENT.test(state.error ?? '');
      if (isDenied && (work.of(prompt)?.firstTurns ?? 0) > 0)
        findings.broken('denied', id, `the model was asked, and its record says: ${state.error}`);
    }
  }
  for (const {id, mark} of work.pieces) {
    if (id !== undefined && clients.every(({records}) => records.of(id) === undefined))
      findings.broken('lost', id, `${mark} has no record`);
  }
}
