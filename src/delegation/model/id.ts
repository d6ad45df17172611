import {humanId} from 'human-id';

/** Of every id; safe as the name of a file. */
export const THREE_WORDS = /^[a-z]+-[a-z]+-[a-z]+$/;

/** As resources have it; some clients put an `@` before it. */
const URI = /^@?delegation:\/\/(?<id>[^/]+)\/?$/;
/** As answers name the file, with the folders before it or without. */
const FILE = /^(?!delegation:)(?:.*[/\\])?(?<id>[^/\\]+)\.md$/;

/** What is written around ids: quotes, brackets, marks of markdown, a sign before and a stop after them. */
const AROUND = /^[\s"'`“”‘’<([*_@#]+|[\s"'`“”‘’>)\]*_.,;:!?]+$/g;

/** A new id of three lower-case words. Fifteen million exist; anyone who stores it makes sure it is unused. */
export function newId(): string {
  return humanId({separator: '-', capitalize: false});
}

/**
 * The id that somebody meant, or `undefined` when it cannot be one.
 *
 * Models wrap ids in quotes, back-ticks, asterisks and blanks, people change their case, and both write the delegation's URI or
 * the name of its file instead. What passes is safe as a file name: lower-case letters and two hyphens, nothing else.
 */
export function parseId(given: string): string | undefined {
  const named = given.replace(AROUND, '').toLowerCase();
  const id = named.replace(URI, '$<id>').replace(FILE, '$<id>');
  return THREE_WORDS.test(id) ? id : undefined;
}
