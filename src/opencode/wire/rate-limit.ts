import type {EventSessionError, SessionStatus} from '@opencode-ai/sdk/v2/client';
import {wordsOf} from './answer.ts';

/** OpenCode waits this long before its second attempt, and twice as long before each that follows. */
const FIRST_BACKOFF_MS = 2_000;
/** Its waits vary by a quarter; what is longer than that has been asked for by the provider. */
const BACKOFF_TOLERANCE = 1.5;
/** How long a provider is left alone that has refused for good and has not said for how long. */
const UNSAID_PAUSE_MS = 30_000;
/** How providers say that they were asked too often or have no room at the moment: in words, or by a status. */
const WORDS =
  /\b(429|529)\b|rate.?limit|too many (requests|tokens)|(requests|tokens) per|overloaded|quota|usage (limit|exceeded)|throttl|slow down|resource.{0,20}exhausted|at capacity/i;

export type Retry = Extract<SessionStatus, {type: 'retry'}>;
export type SessionError = NonNullable<EventSessionError['properties']['error']>;

/**
 * When a provider that OpenCode is about to ask again may be asked by others too, in milliseconds since the epoch;
 * `undefined` when it has not asked for fewer requests. OpenCode tells the provider's words without the status
 * (429 or 529) and calls every overload by its own name, so words that are not known here count when they come
 * with a pause which OpenCode would not have made by itself.
 */
export function limitOfRetry({message, attempt, next}: Retry, now: number): number | undefined {
  const ownPause = FIRST_BACKOFF_MS * 2 ** (attempt - 1) * BACKOFF_TOLERANCE;
  return WORDS.test(message) || next - now > ownPause ? next : undefined;
}

/** As {@link limitOfRetry}, of an error after which OpenCode does not ask again. */
export function limitOfError(error: SessionError, now: number): number | undefined {
  if (!WORDS.test(wordsOf(error))) return undefined;
  const {responseHeaders = {}} = error.name === 'APIError' ? error.data : {};
  return now + (pauseAskedFor(responseHeaders, now) ?? UNSAID_PAUSE_MS);
}

/** The pause that `retry-after-ms` or `retry-after` (RFC 9110, section 10.2.3) asks for, in milliseconds. */
function pauseAskedFor(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const after = headers['retry-after'];
  const pauses = [
    Number.parseFloat(headers['retry-after-ms'] ?? ''),
    after !== undefined && /^\s*\d/.test(after) ? Number.parseFloat(after) * 1_000 : Number.NaN,
    Date.parse(after ?? '') - now,
  ];
  return pauses.find((ms) => ms > 0);
}
