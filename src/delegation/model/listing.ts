import {type DelegationHead, hasEnded, isUnread} from './delegation.ts';

/** The records of a project, and those of them that every answer needs to know. All newest first. */
export interface Listing {
  readonly heads: readonly DelegationHead[];
  /** Those that have no end. */
  readonly open: readonly DelegationHead[];
  /** Those that have ended and that nobody has read to the end yet. */
  readonly unread: readonly DelegationHead[];
}

/** So many changes are put in their places one by one; of more, all is put in order again. */
const FEW = 20;

/** @param heads in any order. */
export function listingOf(heads: Iterable<DelegationHead>): Listing {
  const sorted = [...heads].sort(newestFirst);
  return {
    heads: sorted,
    open: sorted.filter(({state}) => !hasEnded(state)),
    unread: sorted.filter(isUnread),
  };
}

/**
 * A listing after some of its records have changed, come or gone: thousands need not be put in order again for one.
 *
 * @param changes what each id stands for now; `undefined` for one that is gone.
 */
export function changed(listing: Listing, changes: ReadonlyMap<string, DelegationHead | undefined>): Listing {
  if (changes.size === 0) return listing;
  const fresh = [...changes.values()].filter((head) => head !== undefined);
  const isPlaced = fresh.length === changes.size && changes.size <= FEW;
  if (!isPlaced) return listingOf([...without(listing.heads, changes), ...fresh]);
  const [heads, open, unread] = [
    [...listing.heads],
    without(listing.open, changes),
    without(listing.unread, changes),
  ];
  for (const head of fresh) {
    place(heads, head);
    if (!hasEnded(head.state)) place(open, head);
    else if (isUnread(head)) place(unread, head);
  }
  return {heads, open, unread};
}

function without(heads: readonly DelegationHead[], changes: ReadonlyMap<string, unknown>): DelegationHead[] {
  return heads.filter(({id}) => !changes.has(id));
}

/** Puts it where it belongs, in the place of what has its id there: when it was created never changes. */
function place(heads: DelegationHead[], head: DelegationHead): void {
  let [from, to] = [0, heads.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const at = heads[middle];
    if (at !== undefined && newestFirst(at, head) < 0) from = middle + 1;
    else to = middle;
  }
  heads.splice(from, heads[from]?.id === head.id ? 1 : 0, head);
}

function newestFirst(a: DelegationHead, b: DelegationHead): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}
