import {randomBytes} from 'node:crypto';
import type {Delegation} from '../delegation/delegation.ts';

const MARK_BYTES = 4;

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
