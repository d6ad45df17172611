import {type DelegationHead, hasEnded} from '../model/delegation.ts';

/** What a log says of a delegation that begins to run. What it is about is nobody's business there. */
export function startLine({id, createdAt}: DelegationHead, now: number): string {
  return `${id}: running, after ${seconds(now - createdAt)} of waiting`;
}

/** What a log says of its end. */
export function endLine({id, state}: DelegationHead): string {
  if (!hasEnded(state)) throw new Error(`${id} has not ended`);
  const {status, startedAt, endedAt} = state;
  return `${id}: ${status}, ${startedAt === undefined ? 'never ran' : `after ${seconds(endedAt - startedAt)}`}`;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
}
