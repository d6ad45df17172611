import type {Ask} from './ask.ts';
import {type Ended, hasEnded, type Outcome, type Running, type State, type Work} from './delegation.ts';

/** What can happen to a delegation. Times are milliseconds since the epoch. */
export type LifecycleEvent =
  | {readonly type: 'enqueued'}
  | {readonly type: 'started'; readonly at: number}
  | {readonly type: 'session-opened'; readonly sessionId: string}
  /** The agent waits on these requests; on none, it is no longer blocked. */
  | {readonly type: 'blocked'; readonly asks: readonly Ask[]}
  | {
      readonly type: 'ended';
      readonly outcome: Outcome;
      readonly at: number;
      readonly work: Work;
      readonly error?: string;
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
      return state.status === 'running' ? state : {status: 'running', startedAt: event.at};
    case 'session-opened':
      return state.status === 'running' && state.sessionId === undefined
        ? {...state, sessionId: event.sessionId}
        : state;
    case 'blocked':
      return state.status === 'running' ? blocked(state, event.asks) : state;
    case 'ended': {
      const ran = state.status === 'running';
      if (!ran && (event.outcome === 'completed' || event.outcome === 'timeout')) return state;
      const ended: Ended = {
        status: event.outcome,
        endedAt: event.at,
        work: event.work,
        ...(ran && {startedAt: state.startedAt}),
        ...(ran && state.sessionId !== undefined && {sessionId: state.sessionId}),
        ...(event.error !== undefined && {error: event.error}),
      };
      return ended;
    }
  }
}

function blocked(state: Running, asks: readonly Ask[]): Running {
  const {asks: before = [], ...running} = state;
  if (asks.length === before.length && asks.every((ask, n) => ask === before[n])) return state;
  return asks.length === 0 ? running : {...running, asks};
}
