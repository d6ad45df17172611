import type {AskPolicy} from './ask.ts';
import {Asks} from './asks.ts';
import type {Delegation} from './delegation.ts';
import type {LiveDelegation, StopCause} from './live.ts';
import {NO_PRODUCT, type Runner} from './ports.ts';

export interface ExecuteOptions {
  readonly runner: Runner;
  readonly now: () => number;
  /** What becomes of what its agent asks. */
  readonly asking: AskPolicy;
  /** Called when its provider has had too many requests, with the time at which it may be asked again. */
  readonly rateLimited: (until: number) => void;
}

/**
 * Runs a delegation, and resolves when its session has really stopped: for so long it needs its slot. Its end
 * is told earlier. Does nothing when it has come to an end before it could run.
 */
export async function execute(
  live: LiveDelegation,
  {runner, now, asking, rateLimited}: ExecuteOptions,
): Promise<void> {
  if (!live.started()) return;
  const {record} = live;
  const runsOut = now() + record.timeoutMs;
  const asks: Asks = new Asks({
    policy: asking,
    now,
    deadline: runsOut,
    deliver: (id, reply) => run.reply(id, reply),
    onOpen: (open) => live.blocked(open),
    onDecision: (decision) => {
      live.decided(decision);
      const {verdict, what, at} = decision;
      if (verdict !== 'allowed') live.worked({...live.activity, last: `refused: ${what}`, at});
    },
  });
  live.asks = asks;
  const run = runner.start(
    {
      delegationId: record.id,
      directory: record.directory,
      access: record.access,
      agent: record.agent,
      model: record.model,
      prompt: record.prompt,
      title: record.title,
      ...(record.parent !== undefined && {parentSession: record.parent.session}),
      ...(record.continues !== undefined && {continues: record.continues.sessionId}),
      deadline: runsOut,
    },
    {
      sessionOpened: (sessionId) => live.sessionOpened(sessionId),
      activity: (activity) => live.worked(activity),
      asked: (id, content) => asks.asked(id, content),
      withdrawn: (id) => asks.withdrawn(id),
      rateLimited,
    },
  );
  const deadline = setTimeout(() => live.stop('timeout'), record.timeoutMs);
  try {
    // Whichever is first; and while a stop reads what there is, a real end may still come and win.
    const ended = run.end.then((end) => live.end(end));
    const cause = await Promise.race([ended.then(() => undefined), live.stopped]);
    if (cause !== undefined) {
      const product = await run.snapshot();
      const why = [explain(cause, record), run.trouble].filter((sentence) => sentence !== undefined);
      await live.end({outcome: cause, product, error: why.join(' ')});
    }
  } finally {
    clearTimeout(deadline);
    asks.close();
    live.asks = undefined;
    await run.stop();
  }
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

function explain(cause: StopCause, {id, timeoutMs}: Delegation): string {
  switch (cause) {
    case 'timeout':
      return `It ran out of time: the limit was ${Number((timeoutMs / 60_000).toFixed(2))} minutes of work. Go on with delegate(continue: "${id}", prompt), or delegate again with a larger timeout_minutes.`;
    case 'cancelled':
      return 'It was cancelled on request.';
    case 'interrupted':
      return 'The server that ran it was stopped. Delegate it again if it is still wanted.';
  }
}
