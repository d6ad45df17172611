import {messageOf} from '../../base/errors.ts';
import type {LiveDelegation} from '../live/live.ts';
import {NO_PRODUCT} from '../model/run.ts';
import type {Worktree} from '../model/worktree.ts';
import type {Limits} from './limits.ts';
import {stoppedBy} from './stopping.ts';

/**
 * Looks once more, when its turn has come, whether a delegation can begin, and makes its worktree. Returns false when it
 * cannot, which is its end then.
 */
export async function makeReady(live: LiveDelegation, limits: Limits): Promise<boolean> {
  const {worktree} = live.record;
  if (!(await holds(live)) || !(await mayBegin(live, limits))) return false;
  return worktree === undefined || (await enter(worktree, live));
}

/** Returns false when agent and model, chosen from memory, are not to be had any more: that is its end then. */
async function holds(live: LiveDelegation): Promise<boolean> {
  const {record, environment} = live;
  const wrong = await Promise.race([
    environment.catalog.check(record),
    // Anyone who begins to work finds out that it is stopped.
    live.stopped.then(() => undefined),
  ]);
  if (wrong !== undefined) await live.end({outcome: 'error', product: NO_PRODUCT, error: wrong});
  return wrong === undefined;
}

/** Returns false when the day has cost as much as it may, which is the delegation's end then. */
async function mayBegin(live: LiveDelegation, limits: Limits): Promise<boolean> {
  const why = await limits.whyNot(live.environment);
  if (why === undefined) return true;
  const {id, repair} = live.record;
  const error =
    repair === undefined
      ? `It was its turn to start. ${why} Nothing was sent to the model: delegate it again.`
      : `Its answer was to be repaired: ${repair.why}. ${why} The answer is kept as it is. Go on with delegate(continue: "${id}") then.`;
  await live.end({outcome: 'error', product: NO_PRODUCT, error, atLimit: 'day'});
  return false;
}

/** Makes the worktree. Returns false when that failed or was stopped, which is the delegation's end then. */
async function enter(worktree: Worktree, live: LiveDelegation): Promise<boolean> {
  // Anyone who continues has found it ready, and so has anyone who repairs an answer.
  if (live.record.continues !== undefined || live.record.repair !== undefined) return true;
  const abort = new AbortController();
  const stopped = live.stopped.then((cause) => {
    abort.abort();
    return cause;
  });
  try {
    await live.worksIn(await live.environment.worktrees.open(worktree, abort.signal));
    return true;
  } catch (error) {
    if (abort.signal.aborted) {
      const cause = await stopped;
      await live.end({...stoppedBy(cause, live), product: NO_PRODUCT});
    } else {
      const why = `Its worktree could not be made: ${messageOf(error)}.`;
      await live.end({outcome: 'error', product: NO_PRODUCT, error: why});
    }
    return false;
  }
}
