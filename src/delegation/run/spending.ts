import type {LiveDelegation} from '../live/live.ts';
import {dayOf} from '../model/ceiling.ts';
import {type Delegation, hasEnded, type Named} from '../model/delegation.ts';
import type {Store} from '../model/ports.ts';

export interface SpendingOptions {
  readonly store: Store;
  readonly now: () => number;
  /** Those that live in this process: what they have cost is known here first. */
  readonly own: () => readonly LiveDelegation[];
}

/** What all delegations of the user have cost in the day that it is. */
export interface SpentToday {
  readonly usd: number;
  /** When the day is over, in milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Adds up what the day has cost. A delegation that has ended counts in the day of its end; one that has not counts with
 * what it has cost so far, whatever day that was.
 */
export class Spending {
  readonly #options: SpendingOptions;

  constructor(options: SpendingOptions) {
    this.#options = options;
  }

  /** By all records there are, those of other processes as they are on disk. */
  async today(): Promise<SpentToday> {
    const {store, now, own} = this.#options;
    const {from, until} = dayOf(now());
    const known = own();
    const keys = new Set(known.map(({record}) => keyOf(record)));
    const others = await store.spentSince(from, (named) => keys.has(keyOf(named)));
    // One of them may have ended since: its record says so.
    return {usd: others + known.reduce((sum, {record}) => sum + costOf(record, from), 0), until};
  }
}

function costOf({state}: Delegation, from: number): number {
  if (hasEnded(state)) return state.endedAt >= from ? state.work.usage.cost : 0;
  return 'usage' in state ? (state.usage?.cost ?? 0) : 0;
}

function keyOf({project, id}: Named): string {
  return `${project}/${id}`;
}
