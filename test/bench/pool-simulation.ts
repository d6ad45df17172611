/** A large pool: what is simulated. */
const WORKERS = 1_000;
const A_DAY = 1_000_000;
/** How many workers have a slot free, and so listen for work that they then ask for. */
const IDLE_SHARE = 0.3;
const CLIENTS = 500;
const POLLS_A_SECOND = 2;
/** GATHER_MS of src/pool/engine/bull-worker.ts. */
const ASKS_A_SECOND = 10;
const DELEGATION_S = 300;
/** What BullMQ tells of each job: that it came, waits, was taken and has ended. */
const NOTIFICATIONS = 5;
const SECONDS_OF_DAY = 86_400;
/** By day there is so much more than on average. */
const PEAK = 3;

export const SIMULATED = `${WORKERS.toLocaleString('en-US')} workers, ${A_DAY.toLocaleString('en-US')} delegations a day, ${PEAK} times as many at the peak`;

/** What one delegation, one poll and one wake cost, as measured. */
interface Costs {
  readonly transactions: number;
  readonly rows: number;
  readonly walBytes: number;
  readonly pollMs: number;
  readonly wakeMs: number;
}

/** What the database has to carry in each second of the peak. Arrivals are random, so that a minute is drawn. */
export function simulated(costs: Costs): {readonly words: string; readonly cores: number} {
  const random = seeded(18);
  const mean = (A_DAY / SECONDS_OF_DAY) * PEAK;
  const seconds = Array.from({length: 600}, () => poisson(mean, random));
  const busiest = Math.max(...seconds);
  const polls = (WORKERS + CLIENTS) * POLLS_A_SECOND;
  const notifications = busiest * NOTIFICATIONS;
  // A worker with a free slot asks what waits when it is told so, though not more often than it gathers.
  const asks = Math.min(busiest, ASKS_A_SECOND) * WORKERS * IDLE_SHARE;
  const wakes = notifications * WORKERS;
  const queries = polls + asks + busiest * costs.transactions;
  const cores = (queries * costs.pollMs + wakes * costs.wakeMs) / 1_000;
  const leased = mean * DELEGATION_S;
  const words = [
    `${busiest} delegations in the busiest second (${Math.round(leased).toLocaleString('en-US')} at work)`,
    `${Math.round(busiest * costs.rows).toLocaleString('en-US')} rows/s`,
    `${notifications} notifications/s to ${WORKERS} listeners`,
    `${Math.round(queries).toLocaleString('en-US')} queries/s`,
    `${((busiest * costs.walBytes) / 1_000_000).toFixed(0)} MB/s`,
    `${cores.toFixed(0)} cores`,
  ];
  return {words: words.join(', '), cores};
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
