import {Asks} from '../asks/asks.ts';
import type {LiveDelegation} from '../live/live.ts';
import type {Delegation} from '../model/delegation.ts';
import type {End} from '../model/end.ts';
import type {RunRequest} from '../model/run.ts';
import type {ExecuteOptions} from './execution.ts';
import {requestOf} from './run-request.ts';
import {stoppedBy} from './stopping.ts';
import {withWorktreeEnd} from './worktree-end.ts';

/**
 * Has a delegation run elsewhere, where its limits are kept, and waits for what comes of it. It needs no slot, and waits
 * until somebody there has begun it. Resolves when its end is stored, or it was left where it is. Whoever runs this once
 * more for the same delegation takes hold of it again.
 */
export async function executeAfar(
  live: LiveDelegation,
  {now, limits}: Pick<ExecuteOptions, 'now' | 'limits'>,
): Promise<void> {
  const {runner, asking} = live.environment;
  const asks: Asks = new Asks({
    policy: asking,
    now,
    deadline: Number.POSITIVE_INFINITY,
    deliver: (id, reply) => run.reply(id, reply),
    onOpen: (open) => live.blocked(open),
    onDecision: (decision) => live.additions.decided(decision),
  });
  const run = runner.start(handedOver(live.record), {
    taken: (by) => live.taken(by),
    sessionOpened: (sessionId) => live.sessionOpened(sessionId),
    activity: (activity) => {
      live.worked(activity);
      limits.worked(live);
    },
    asked: (id, content) => asks.asked(id, content),
    withdrawn: (id) => asks.withdrawn(id),
    heard: (numbers) => live.additions.heard(numbers),
    // Lanes are kept where it runs.
    rateLimited: () => {},
  });
  const detach = live.runsThrough({
    asks,
    conversation: () => run.conversation(),
    tell: (words) => run.tell(words),
    waiting: () => run.waiting,
    trouble: () => run.trouble,
  });
  let ending: Promise<Delegation> | undefined;
  const finish = (end: End): Promise<Delegation> => {
    ending ??= run
      .stop()
      .then(() => withWorktreeEnd(end, live.record, live.environment.worktrees))
      .then((complete) => live.end(complete));
    return ending;
  };
  let isStopping = false;
  try {
    const ended = run.end.then(async (end) => {
      if (end.outcome === 'nothing sent' || end.outcome === 'refused') {
        throw new Error(`what runs elsewhere has no end "${end.outcome}"`);
      }
      // What our own stop makes of it is no end of its own.
      if (!isStopping || end.outcome === 'completed') await finish(end);
      return undefined;
    });
    const left = live.ended.then(() => 'left' as const);
    const cause = await Promise.race([ended, live.stopped, left]);
    if (cause === 'left') await run.letGo?.();
    else if (cause !== undefined) {
      isStopping = true;
      const {product, isAnswered} = await run.halt();
      if (isAnswered) await finish({outcome: 'completed', product});
      else await finish({...stoppedBy(cause, live), product});
    }
  } finally {
    asks.close();
    detach();
  }
}

function handedOver(record: Delegation): RunRequest {
  const {project, timeoutMs, ceilings = {}, expect, worktree} = record;
  if (worktree === undefined) throw new Error(`${record.id} is to run elsewhere and has no worktree`);
  return {
    ...requestOf(record, Number.POSITIVE_INFINITY),
    handedOver: {project, timeoutMs, ceilings, worktree, ...(expect !== undefined && {expect})},
  };
}
