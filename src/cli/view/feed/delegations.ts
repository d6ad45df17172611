import type {ShownDelegation} from '../../../control/shown.ts';
import {type Observed, observe} from '../../sources/observe.ts';
import type {RecordsOnDisk} from '../../sources/records.ts';
import {keyOf} from '../../sources/survey.ts';
import {History} from './history.ts';
import type {FeedOptions} from './options.ts';

/** Yields all delegations, open and ended, at once and whenever one may have changed. */
export async function* allDelegations(
  records: RecordsOnDisk,
  {hello, signal, complain}: FeedOptions,
): AsyncGenerator<readonly ShownDelegation[], void> {
  const history = new History(records);
  let endedBefore = 0;
  for await (const observed of observe({records, hello, signal, complain})) {
    const endedNow = countEnded(observed);
    yield together(observed, history.ended(endedNow !== endedBefore));
    endedBefore = endedNow;
  }
}

/** What hosts say, and what is on record; of an ended one the record says more, as that it was read. */
function together(observed: Observed, ended: readonly ShownDelegation[]): readonly ShownDelegation[] {
  const all = new Map(observed);
  for (const shown of ended) {
    const key = keyOf(shown);
    if (all.get(key)?.ended_at !== undefined || !all.has(key)) all.set(key, shown);
  }
  return [...all.values()];
}

function countEnded(observed: Observed): number {
  let count = 0;
  for (const shown of observed.values()) if (shown.ended_at !== undefined) count += 1;
  return count;
}
