import {MAX_SKEW_MS} from '../queue/queue.ts';

/** How long things take in a pool, in milliseconds. */
export interface Times {
  /** A lease that is not renewed for so long is lost: longer than what a database is away for while it is restarted. */
  readonly leaseMs: number;
  /** How often a lease is renewed. */
  readonly renewMs: number;
  /** How often lost leases are looked for. Two looks take one for lost. */
  readonly sweepMs: number;
  /** How often a machine asks what has become of the jobs that it waits for. */
  readonly pollMs: number;
  /** How often a worker asks for work though it was not told of any. */
  readonly takeMs: number;
  /** How often a worker says that it is there. */
  readonly cardMs: number;
  /** How far a worker's clock may be from the database's. */
  readonly skewMs: number;
  /** How long a result waits for its owner. */
  readonly keepMs: number;
  /** After this, a database that does not answer is away. */
  readonly answerMs: number;
}

export const TIMES: Times = {
  leaseMs: 120_000,
  renewMs: 15_000,
  sweepMs: 15_000,
  pollMs: 500,
  takeMs: 5_000,
  cardMs: 10_000,
  skewMs: MAX_SKEW_MS,
  keepMs: 30 * 24 * 3_600_000,
  answerMs: 10_000,
};
