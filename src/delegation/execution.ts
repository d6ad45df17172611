import type {Delegation} from './delegation.ts';
import {messageOf} from './errors.ts';
import type {End, LiveDelegation, StopCause} from './live.ts';
import {NO_PRODUCT, type Run, type Runner, type RunRequest} from './ports.ts';
import type {Worktree, Worktrees} from './worktree.ts';
import {settled} from './worktree-end.ts';

export interface ExecutionOptions {
  readonly runner: Runner;
  readonly worktrees: Worktrees;
  readonly now: () => number;
}

/**
 * Runs a delegation, and resolves when its session has really stopped: for so long it needs its slot. Its end
 * is told earlier. Does nothing when it has come to an end before it could run.
 */
export async function execute(live: LiveDelegation, options: ExecutionOptions): Promise<void> {
  if (!live.started()) return;
  const {timeoutMs, worktree} = live.record;
  const until = options.now() + timeoutMs;
  const deadline = setTimeout(() => live.stop('timeout'), timeoutMs);
  try {
    if (worktree !== undefined && !(await enter(worktree, live, options.worktrees))) return;
    await work(live, until, options);
  } finally {
    clearTimeout(deadline);
  }
}

/** Makes the worktree. Returns false when that failed or was stopped, which is the delegation's end then. */
async function enter(worktree: Worktree, live: LiveDelegation, worktrees: Worktrees): Promise<boolean> {
  const abort = new AbortController();
  const stopped = live.stopped.then((cause) => {
    abort.abort();
    return cause;
  });
  try {
    await live.worksIn(await worktrees.open(worktree, abort.signal));
    return true;
  } catch (error) {
    const why = `Its worktree could not be made: ${messageOf(error)}.`;
    if (!abort.signal.aborted) await live.end({outcome: 'error', product: NO_PRODUCT, error: why});
    else {
      const cause = await stopped;
      await live.end({outcome: cause, product: NO_PRODUCT, error: explain(cause, live.record)});
    }
    return false;
  }
}

async function work(live: LiveDelegation, until: number, options: ExecutionOptions): Promise<void> {
  const {record} = live;
  const run = options.runner.start(requestOf(record, until), {
    sessionOpened: (sessionId) => live.sessionOpened(sessionId),
    activity: (activity) => live.worked(activity),
  });
  const finish = finisher(run, live, options.worktrees);
  try {
    // Whichever is first; and while a stop reads what there is, a real end may still come and win.
    const ended = run.end.then(finish);
    const cause = await Promise.race([ended.then(() => undefined), live.stopped]);
    if (cause !== undefined) {
      const product = await run.snapshot();
      const why = [explain(cause, record), run.trouble].filter((sentence) => sentence !== undefined);
      await finish({outcome: cause, product, error: why.join(' ')});
    }
  } finally {
    await run.stop();
  }
}

/** What ends a delegation. The first end wins; what was done in a worktree is brought home before it is told. */
function finisher(run: Run, live: LiveDelegation, worktrees: Worktrees): (end: End) => Promise<Delegation> {
  let ending: Promise<Delegation> | undefined;
  const finish = async (end: End): Promise<Delegation> => {
    if (live.record.worktree === undefined) return live.end(end);
    // Nothing may write any more to what is being committed.
    await run.stop();
    return live.end(await settled(end, live.record, worktrees));
  };
  return (end) => {
    ending ??= finish(end);
    return ending;
  };
}

function requestOf(record: Delegation, deadline: number): RunRequest {
  const {worktree} = record;
  return {
    delegationId: record.id,
    directory: worktree?.directory ?? record.directory,
    access: record.access,
    agent: record.agent,
    model: record.model,
    prompt: record.prompt,
    title: record.title,
    deadline,
    ...(worktree !== undefined && {checkout: worktree.checkout}),
  };
}

/** Stops a delegation: a queued one ends here and now, a running one is ended by its execution. */
export function stop(live: LiveDelegation, cause: StopCause): void {
  live.stop(cause);
  if (live.record.state.status === 'running') return;
  void live.end({
    outcome: cause,
    product: NO_PRODUCT,
    error: `${explain(cause, live.record)} It had not started to run.`,
  });
}

function explain(cause: StopCause, {timeoutMs}: Delegation): string {
  switch (cause) {
    case 'timeout':
      return `It ran out of time: the limit was ${Number((timeoutMs / 60_000).toFixed(2))} minutes of work. Delegate the rest, or again with a larger timeout_minutes.`;
    case 'cancelled':
      return 'It was cancelled on request.';
    case 'interrupted':
      return 'The server that ran it was stopped. Delegate it again if it is still wanted.';
  }
}
