import type {Times} from '../../src/pool/engine/times.ts';

/** As in a real pool, but sooner. */
export const QUICK: Partial<Times> = {
  leaseMs: 4_000,
  renewMs: 1_000,
  sweepMs: 300,
  pollMs: 40,
  takeMs: 400,
  cardMs: 400,
  answerMs: 2_000,
};
