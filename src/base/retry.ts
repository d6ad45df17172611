/** What could not be done is tried again after so long, at first and at most. */
const FIRST_MS = 2_000;
const LAST_MS = 30_000;

/** For how many milliseconds to wait before it is tried again: longer each time, from what was waited before. */
export function retryAfter(before?: number): number {
  return before === undefined ? FIRST_MS : Math.min(before * 2, LAST_MS);
}
