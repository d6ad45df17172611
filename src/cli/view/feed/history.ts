import {type ShownDelegation, shownOfHead} from '../../../control/shown.ts';
import {hasEnded} from '../../../delegation/model/delegation.ts';
import type {RecordsOnDisk} from '../../sources/records.ts';

/** So many ended delegations are shown. */
const MOST = 100;
/** Not more often than this it is looked which have ended, and which were read. */
const LEAST_MS = 3_000;
/** Looking takes at most one part in so many of the time. */
const SHARE = 200;

/** Those delegations that have ended, from their records, looked up as often as that costs little. */
export class History {
  readonly #records: RecordsOnDisk;
  #known: readonly ShownDelegation[] = [];
  #dueAt = 0;

  constructor(records: RecordsOnDisk) {
    this.#records = records;
  }

  /** The newest of them. @param isWorthIt true where one has ended since. */
  ended(isWorthIt: boolean): readonly ShownDelegation[] {
    const begun = performance.now();
    if (begun < this.#dueAt && !isWorthIt) return this.#known;
    const heads = this.#records.newest(MOST).filter(({state}) => hasEnded(state));
    this.#known = unchanged(this.#known, heads.map(shownOfHead));
    const took = performance.now() - begun;
    this.#dueAt = performance.now() + Math.max(LEAST_MS, took * SHARE);
    return this.#known;
  }
}

/** What has not changed stays the same object: what was made of it can be used again. */
function unchanged(
  before: readonly ShownDelegation[],
  now: readonly ShownDelegation[],
): readonly ShownDelegation[] {
  const known = new Map(before.map((shown) => [JSON.stringify(shown), shown]));
  return now.map((shown) => known.get(JSON.stringify(shown)) ?? shown);
}
