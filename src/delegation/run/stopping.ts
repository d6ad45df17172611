import type {LiveDelegation} from '../live/live.ts';
import {type NearLimit, usd, whole} from '../model/ceiling.ts';
import type {Delegation} from '../model/delegation.ts';
import type {End, StopCause} from '../model/end.ts';
import {NO_PRODUCT} from '../model/run.ts';

/** Stops a delegation: a queued one ends here and now, a running one is ended by its execution. */
export function stopRun(live: LiveDelegation, cause: StopCause): void {
  live.stop(cause);
  if (live.record.state.status === 'running') return;
  const end = stoppedBy(cause, live);
  void live.end({...end, product: NO_PRODUCT, error: `${end.error} It had not started to run.`});
}

/** The end of a delegation that was stopped from outside, apart from what it has produced. */
export function stoppedBy(
  cause: StopCause,
  {record, reached}: Pick<LiveDelegation, 'record' | 'reached'>,
): Pick<End, 'outcome' | 'atLimit'> & {readonly error: string} {
  if (cause !== 'limit') return {outcome: cause, error: explain(cause, record)};
  return {
    outcome: 'error',
    ...(reached !== undefined && {atLimit: reached.limit}),
    error: reached === undefined ? 'It reached a limit.' : atLimit(reached, record),
  };
}

function explain(cause: Exclude<StopCause, 'limit'>, {id, timeoutMs}: Delegation): string {
  switch (cause) {
    case 'timeout':
      return `It ran out of time: the limit was ${Number((timeoutMs / 60_000).toFixed(2))} minutes of work. Go on with delegate(continue: "${id}", prompt), or delegate again with a larger timeout_minutes.`;
    case 'cancelled':
      return 'It was cancelled on request.';
    case 'interrupted':
      return 'The server that ran it was stopped. Delegate it again if it is still wanted.';
  }
}

function atLimit({limit, used, most}: NearLimit, {id}: Delegation): string {
  switch (limit) {
    case 'cost':
      return `It reached its limit of ${usd(most)}: it had cost ${usd(used)}. Go on with delegate(continue: "${id}"), which counts from 0 and has the same limit unless max_cost_usd gives a higher one.`;
    case 'tokens':
      return `It reached its limit of ${whole(most)} tokens: it had used ${whole(used)}. Go on with delegate(continue: "${id}"), which counts from 0 and has the same limit unless max_tokens gives a higher one.`;
    case 'day':
      return `Your delegations have cost ${usd(used)} today, and OPENCODE_DELEGATE_DAILY_COST_USD is ${usd(most)}. Go on with delegate(continue: "${id}") after midnight, or when a person has raised it.`;
  }
}
