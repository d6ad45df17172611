import type {JobStanding} from '../queue/queue.ts';
import {TOO_LATE} from './bull-worker.ts';
import type {DeskJob} from './desk.ts';
import type {LineState} from './lease-lines.ts';

/** How one stands that the desk does not have any more, with the note that was left of it. */
export function standingOfGone(known: DeskJob | undefined): JobStanding {
  return {is: 'unknown', ...(known?.result !== undefined && {note: known.result})};
}

/** How a job stands, by what the desk and BullMQ know of it. */
export function jobStandingOf(known: DeskJob, line: LineState): JobStanding {
  const {job, claim, claimedAt, now, result} = known;
  // Its submission was broken off: the next one puts it into the line.
  if (line === 'absent') return {is: 'unknown'};
  const worker = claim?.slice(0, claim.lastIndexOf('/'));
  if (line !== 'open') {
    if ('failed' in line) return {is: 'lost', worker, why: line.failed};
    return {is: 'returned', at: line.completedAt, result: result ?? new Uint8Array()};
  }
  if (worker !== undefined) return {is: 'leased', worker, since: claimedAt ?? now};
  return job.notAfter <= now ? {is: 'lost', worker: undefined, why: TOO_LATE} : {is: 'waiting'};
}
