import {LETTERS_VERSION} from '../mail/letters.ts';
import type {Mail} from '../mail/mail.ts';
import type {PoolQueue} from '../queue/queue.ts';

/** A machine that takes an end has it on its disk by then. One that has gone away meanwhile holds up nobody for longer. */
const HOLD_MS = 10 * 60_000;

/** A machine of the owner's. */
export interface Taker {
  readonly by: string;
  /** Its name, for people. */
  readonly host: string;
}

/** Another machine of the owner's takes the end at this moment. */
export interface Held {
  readonly host: string;
  /** After so many milliseconds, it is free again; infinite where that machine has it. */
  readonly freeInMs: number;
}

interface Claim extends Taker {
  readonly at: number;
  readonly isDone?: boolean;
}

/**
 * Takes the end of a job for one of the owner's machines. The letters of a job are in one order for all who read them,
 * so that exactly one of two that try at once has it.
 * @returns `undefined` where this machine has it now.
 * @throws JobOver where another machine has taken it and let the pool forget it.
 */
export async function takeEnd(
  mail: Mail,
  queue: Pick<PoolQueue, 'now'>,
  taker: Taker,
): Promise<Held | undefined> {
  const now = await queue.now();
  const before = await holderOf(mail);
  if (before !== undefined && before.by !== taker.by && now < freeAt(before)) return held(before, now);
  if (before?.by === taker.by && now < freeAt(before) - HOLD_MS / 2) return undefined;
  await mail.toWorker({v: LETTERS_VERSION, is: 'collect', ...taker, at: now});
  const holder = await holderOf(mail);
  return holder === undefined || holder.by === taker.by ? undefined : held(holder, now);
}

/** This machine has the end of a job, which the pool still keeps: no other one takes it any more. */
export async function keepEnd(mail: Mail, queue: Pick<PoolQueue, 'now'>, taker: Taker): Promise<void> {
  if (await isKept(mail)) return;
  await mail.toWorker({v: LETTERS_VERSION, is: 'collect', ...taker, at: await queue.now(), isDone: true});
}

/** Whether one of the owner's machines has the end of a job. */
export async function isKept(mail: Mail): Promise<boolean> {
  return (await holderOf(mail))?.isDone === true;
}

async function holderOf(mail: Mail): Promise<Claim | undefined> {
  let holder: Claim | undefined;
  for (const letter of await mail.toldWorker()) {
    if (letter.is !== 'collect') continue;
    if (holder === undefined || letter.by === holder.by || letter.at >= freeAt(holder)) holder = letter;
  }
  return holder;
}

function freeAt({at, isDone}: Claim): number {
  return isDone === true ? Number.POSITIVE_INFINITY : at + HOLD_MS;
}

function held(claim: Claim, now: number): Held {
  return {host: claim.host, freeInMs: freeAt(claim) - now};
}
