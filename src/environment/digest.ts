import {textDigest} from '../base/text-digest.ts';

/** Enough that two of one user never meet, and short enough for the name of a file. */
const DIGEST_CHARS = 16;

/** Names a value without telling what is in it. The order in which an object has its keys does not matter. */
export function digestOf(value: unknown): string {
  return textDigest(JSON.stringify(ordered(value))).slice(0, DIGEST_CHARS);
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, ordered(inner)]);
}
