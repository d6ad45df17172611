import type {Ask} from './ask.ts';
import type {Limit} from './ceiling.ts';
import {
  type Ended,
  hasEnded,
  type Outcome,
  type Running,
  type RunStats,
  type State,
  type Usage,
} from './delegation.ts';
import {keptWhy} from './end.ts';

/** What can happen to a delegation. Times are milliseconds since the epoch. */
export type LifecycleEvent =
  | {readonly type: 'enqueued'}
  | {readonly type: 'started'; readonly at: number}
  /** One that is begun again has another session. */
  | {readonly type: 'session-opened'; readonly sessionId: string}
  /** Its process is gone before anything was sent to the model. */
  | {readonly type: 'nothing-sent'}
  /** Its process is gone, and its agent is to repair its answer in this session: it has used this by now. */
  | {readonly type: 'to-repair'; readonly sessionId: string; readonly usage: Usage}
  /** The agent waits on these requests; on none, it is no longer blocked. */
  | {readonly type: 'blocked'; readonly asks: readonly Ask[]}
  /** What its finished steps have used by now. */
  | {readonly type: 'used'; readonly usage: Usage}
  | {
      readonly type: 'ended';
      readonly outcome: Outcome;
      readonly at: number;
      /** How long it ran, in milliseconds, by a clock that nobody sets; absent where nobody has measured that. */
      readonly ranMs?: number;
      readonly work: RunStats;
      readonly error?: string;
      readonly atLimit?: Limit;
    };

/**
 * Decides every change of state; nothing else does.
 *
 * Returns the very same object when the event changes nothing, which is the case for every event after an
 * end (the first end wins) and for events that make no sense where the delegation stands: what never ran
 * can neither complete nor run out of time.
 */
export function transition(state: State, event: LifecycleEvent): State {
  if (hasEnded(state)) return state;
  switch (event.type) {
    case 'enqueued':
      return state.status === 'registered' ? {status: 'queued'} : state;
    case 'started':
      return state.status === 'running' ? state : {...state, status: 'running', startedAt: event.at};
    case 'session-opened':
      return state.status === 'running' && state.sessionId !== event.sessionId
        ? {...state, sessionId: event.sessionId}
        : state;
    case 'nothing-sent':
      return state.status === 'running' ? {status: 'queued'} : state;
    case 'to-repair': {
      const {sessionId, usage} = event;
      return state.status === 'running' ? {status: 'queued', sessionId, usage} : state;
    }
    case 'blocked':
      return state.status === 'running' ? blocked(state, event.asks) : state;
    case 'used':
      return state.status === 'running' ? {...state, usage: event.usage} : state;
    case 'ended': {
      const ran = state.status === 'running';
      if (!ran && (event.outcome === 'completed' || event.outcome === 'timeout')) return state;
      const ended: Ended = {
        status: event.outcome,
        endedAt: event.at,
        work: withUsage(bounded(event.work), 'usage' in state ? state.usage : undefined),
        ...(ran && {startedAt: beganAt(state.startedAt, event)}),
        ...('sessionId' in state && state.sessionId !== undefined && {sessionId: state.sessionId}),
        ...(event.error !== undefined && {error: keptWhy(event.error)}),
        ...(event.atLimit !== undefined && {atLimit: event.atLimit}),
      };
      return ended;
    }
  }
}

function bounded(work: RunStats): RunStats {
  return work.caveat === undefined ? work : {...work, caveat: keptWhy(work.caveat)};
}

/** What was known of its usage while it ran stands where nothing can be asked any more. */
function withUsage(work: RunStats, known: Usage | undefined): RunStats {
  if (known === undefined || known.cost <= work.usage.cost) return work;
  return {...work, usage: known};
}

/** What the two clocks may be apart by themselves. */
const TOLERANCE_MS = 2_000;

/** When it began, by the clock of its end: the clock may have been set while it ran. */
function beganAt(startedAt: number, {at, ranMs}: {readonly at: number; readonly ranMs?: number}): number {
  if (ranMs === undefined || Math.abs(at - startedAt - ranMs) <= TOLERANCE_MS) return startedAt;
  return at - ranMs;
}

function blocked(state: Running, asks: readonly Ask[]): Running {
  const {asks: before = [], ...running} = state;
  if (asks.length === before.length && asks.every((ask, n) => ask === before[n])) return state;
  return asks.length === 0 ? running : {...running, asks};
}
