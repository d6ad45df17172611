import {messageOf} from '../../base/errors.ts';
import type {Product, RunEnd} from '../../delegation/model/run.ts';
import {NO_PRODUCT} from '../../delegation/model/run.ts';
import type {JobResult} from '../mail/letters.ts';
import type {Mail} from '../mail/mail.ts';
import {JobOver, PoolFull, PoolUnreachable} from '../queue/errors.ts';
import type {JobStanding, PoolQueue} from '../queue/queue.ts';
import {collectedEnd, endOfJob, lostEnd, unreadableEnd, withLate} from './ends.ts';
import {type Taker, takeEnd} from './taking.ts';

/** What the standing of a job means for a machine that waits for its end. */
export type Outlook =
  /** It waits, or is at work. */
  | {readonly is: 'open'}
  /** The pool does not have it, and nobody has left a note. */
  | {readonly is: 'unknown'}
  /** Another machine of the owner's takes its end at this moment. */
  | {readonly is: 'held'; readonly why: string; readonly freeInMs: number}
  /** This machine has its end. */
  | {readonly is: 'end'; readonly end: RunEnd; readonly result?: JobResult};

export interface OutlookOptions {
  readonly mail: Mail;
  readonly queue: Pick<PoolQueue, 'now'>;
  readonly taker: Taker;
}

/** Takes the end of a job where there is one. @throws PoolUnreachable */
export async function outlookOf(standing: JobStanding, options: OutlookOptions): Promise<Outlook> {
  if (standing.is === 'waiting' || standing.is === 'leased') return {is: 'open'};
  try {
    return await ended(standing, options);
  } catch (error) {
    if (error instanceof PoolUnreachable || error instanceof PoolFull) throw error;
    // Another machine was faster at this very moment. What it has left is read next.
    if (error instanceof JobOver) return {is: 'open'};
    return {is: 'end', end: unreadableEnd(messageOf(error), NO_PRODUCT)};
  }
}

async function ended(
  standing: Exclude<JobStanding, {is: 'waiting' | 'leased'}>,
  {mail, queue, taker}: OutlookOptions,
): Promise<Outlook> {
  if (standing.is === 'unknown') {
    const {note} = standing;
    return note === undefined ? {is: 'unknown'} : {is: 'end', end: collectedEnd(mail.openedNote(note))};
  }
  const held = await takeEnd(mail, queue, taker);
  if (held !== undefined) {
    const {host, freeInMs} = held;
    return {is: 'held', freeInMs, why: `Your machine ${host} takes its end at this moment.`};
  }
  if (standing.is === 'lost') return {is: 'end', end: lostEnd(standing, await lastProduct(mail))};
  const result = resultIn(standing.result, mail);
  return {is: 'end', end: endOfJob(result), result};
}

/** @throws in words where it cannot be read. */
function resultIn(bytes: Uint8Array, mail: Mail): JobResult {
  try {
    return mail.openedResult(bytes);
  } catch (error) {
    throw new Error(`its result cannot be read: ${messageOf(error)}`, {cause: error});
  }
}

/** What the last checkpoint of a lost worker has told, and what that worker has said too late. */
async function lastProduct(mail: Mail): Promise<Product> {
  const letters = await mail.toldOwner();
  const checkpoint = letters.filter((letter) => letter.is === 'checkpoint').at(-1);
  const late = letters.filter((letter) => letter.is === 'late').at(-1);
  return withLate(checkpoint?.product ?? NO_PRODUCT, late);
}
