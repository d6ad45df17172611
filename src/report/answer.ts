import {randomBytes} from 'node:crypto';
import type {Delegation, Ended} from '../delegation/model/delegation.ts';

/** What is carried to a client that has not asked for it goes into the conversation, whether or not it is needed there. */
export const CARRIED_CHARS = 1_500;

const MARK_BYTES = 4;

/** What the text of a delegation that has ended so is. */
export function whatIsWritten({status}: Ended): string {
  return status === 'completed' ? 'The answer' : 'What it had written by then';
}

/** Who reads is told where the words of others end: they can look like ours, but not have this line. */
export function upTo(mark: string): string {
  return `up to "${mark}":`;
}

/**
 * A line that ends what an agent has written, where that is shown verbatim: whatever it looks like, an error of ours or
 * the line that names what is unread, it is not ours until this line has come. It is made when the text is read, so
 * that nobody could know it who wrote the text, and it is not in the text.
 */
export function endMarkOf({id, text}: Pick<Delegation, 'id' | 'text'>): string {
  for (;;) {
    const mark = `[end of ${id}, ${randomBytes(MARK_BYTES).toString('hex')}]`;
    if (!text.includes(mark)) return mark;
  }
}
