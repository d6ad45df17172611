/**
 * How providers say that they were asked too often or have no room at the moment. OpenCode passes on their words
 * without the status (429 or 529), and calls every overload by its own name.
 */
const WORDS =
  /\b(429|529)\b|rate.?limit|too many (requests|tokens)|(requests|tokens) per|overloaded|quota|throttl|slow down|resource.{0,20}exhausted|at capacity/i;

/** True when these words of a provider ask for fewer requests rather than tell of a fault. */
export function isRateLimit(words: string): boolean {
  return WORDS.test(words);
}
