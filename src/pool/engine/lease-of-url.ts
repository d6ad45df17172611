import {Refusal} from '../../base/errors.ts';
import {TIMES, type Times} from './times.ts';

/** Shorter ones are lost on a machine that is busy, and longer ones keep an owner waiting for hours. */
const SECONDS = {least: 2, most: 3_600};

/**
 * How long a lease lasts, which a URL can say with `?lease=SECONDS`: all who use a pool have to agree on it, as they do
 * on its URL.
 * @throws Refusal when it says no such number.
 */
export function leaseOfUrl(url: string): {readonly url: string; readonly times: Partial<Times>} {
  if (!URL.canParse(url)) return {url, times: {}};
  const parsed = new URL(url);
  const given = parsed.searchParams.get('lease');
  if (given === null) return {url, times: {}};
  const seconds = given.trim() === '' ? Number.NaN : Number(given);
  if (!(seconds >= SECONDS.least && seconds <= SECONDS.most)) {
    throw new Refusal(
      `The pool's URL says lease=${given}: that is a number of seconds from ${SECONDS.least} to ${SECONDS.most}.`,
    );
  }
  parsed.searchParams.delete('lease');
  const leaseMs = seconds * 1_000;
  return {
    url: parsed.href,
    times: {
      leaseMs,
      renewMs: Math.min(TIMES.renewMs, leaseMs / 8),
      sweepMs: Math.min(TIMES.sweepMs, leaseMs / 4),
      // What does not answer must not keep a lease from being given up in time.
      answerMs: Math.min(TIMES.answerMs, leaseMs / 3),
    },
  };
}
