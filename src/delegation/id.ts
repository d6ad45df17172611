import {humanId} from 'human-id';

/** Of every id; safe as the name of a file. */
export const THREE_WORDS = /^[a-z]+-[a-z]+-[a-z]+$/;

/** A new id of three lower-case words. Fifteen million exist; whoever stores it makes sure it is unused. */
export function newId(): string {
  return humanId({separator: '-', capitalize: false});
}

/**
 * The id that somebody meant, or `undefined` when it cannot be one.
 *
 * Models wrap ids in quotes, back-ticks and blanks, and people change their case. What passes is safe as a
 * file name: lower-case letters and two hyphens, nothing else.
 */
export function parseId(given: string): string | undefined {
  const id = given.replace(/^[\s"'`“”‘’]+|[\s"'`“”‘’]+$/g, '').toLowerCase();
  return THREE_WORDS.test(id) ? id : undefined;
}
