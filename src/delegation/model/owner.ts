import {type ProcessIdentity, standingOf} from '../../process/identity.ts';
import {type DelegationHead, hasEnded, MAX_TIMEOUT_MINUTES, type Owner} from './delegation.ts';
import type {Environment} from './ports.ts';

/** An owner ends what it runs at its time limit, and needs moments for that. */
const SLACK_MS = 10 * 60_000;
/** For so long what waits is left to an owner of whom nobody can tell whether it is there. */
const LONGEST_MS = MAX_TIMEOUT_MINUTES * 60_000;

/** The process as the owner of what it runs in this environment. */
export function ownerIn(process: ProcessIdentity, {key, sessions}: Environment): Owner {
  return {...process, environment: key, sessions};
}

/**
 * True when the delegation has no end, and nobody who will give it one: its owner is gone, or it should long have had
 * its end and the owner, in another container or on another machine, is nobody we can judge.
 */
export function isAbandoned({state, owner, createdAt, timeoutMs}: DelegationHead, now: number): boolean {
  if (hasEnded(state)) return false;
  const standing = standingOf(owner);
  if (standing !== 'unknown') return standing === 'gone';
  const [since, limit] = state.status === 'running' ? [state.startedAt, timeoutMs] : [createdAt, LONGEST_MS];
  return now > since + limit + SLACK_MS;
}
