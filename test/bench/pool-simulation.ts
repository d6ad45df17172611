import {type PoolCost, type PoolCosts, scaled, sum} from './pool-load.ts';

/** A pool that is simulated. */
export interface PoolSize {
  readonly workers: number;
  readonly aDay: number;
}

export const SIZES: readonly PoolSize[] = [
  {workers: 10, aDay: 10_000},
  {workers: 100, aDay: 100_000},
  {workers: 1_000, aDay: 1_000_000},
];
/** By day there is so much more than on average. */
const PEAK = 3;
const DELEGATION_S = 300;
/** An agent that does something else every three seconds: it is told once a second at most. */
const LETTERS_A_SECOND = 1 / 3;
/** Machines of people, for each worker. */
const CLIENTS_OF_WORKER = 0.5;
/** How many workers have a slot free, and so ask what waits when they are told that something does. */
const FREE_SHARE = 0.3;
/** GATHER_MS of src/pool/engine/bull-worker.ts. */
const ASKS_A_SECOND = 10;
const SECONDS_OF_DAY = 86_400;
const SIMULATED_S = 600;

/** What a second of the peak is like. */
export interface PoolPeak {
  /** Delegations that begin in the busiest second. */
  readonly busiest: number;
  readonly atWork: number;
  /** What the database has to do in that second. */
  readonly cost: PoolCost;
  readonly cores: number;
}

/** Measured besides: a question for what waits, and a listener that is woken, in milliseconds of a processor. */
export interface PoolWakes {
  readonly askMs: number;
  readonly wakeMs: number;
}

/** Arrivals are random, so that ten minutes of the peak are drawn, second by second. */
export function peakOf({workers, aDay}: PoolSize, costs: PoolCosts, {askMs, wakeMs}: PoolWakes): PoolPeak {
  const random = seeded(18);
  const mean = (aDay / SECONDS_OF_DAY) * PEAK;
  const busiest = Math.max(...Array.from({length: SIMULATED_S}, () => poisson(mean, random)));
  const atWork = Math.round(mean * DELEGATION_S);
  const steady = sum(
    scaled(costs.delegation, busiest),
    scaled(costs.letter, atWork * LETTERS_A_SECOND),
    scaled(costs.lease, atWork),
    scaled(costs.worker, workers),
    scaled(costs.client, workers * CLIENTS_OF_WORKER),
  );
  // Every worker hears of everything; those with room ask, though not more often than they gather.
  const wakes = steady.notifications * workers;
  const asks = Math.min(busiest, ASKS_A_SECOND) * workers * FREE_SHARE;
  const cost = {
    ...steady,
    transactions: steady.transactions + asks,
    processorMs: steady.processorMs + asks * askMs + wakes * wakeMs,
  };
  return {busiest, atWork, cost, cores: cost.processorMs / 1_000};
}

/** Mulberry32: the same numbers at each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean);
  let [count, product] = [0, random()];
  while (product > limit) {
    count++;
    product *= random();
  }
  return count;
}
