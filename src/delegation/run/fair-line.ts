/** An entry of a line, and whose it is. */
export interface InLine {
  /** Entries of the same owner keep their order. */
  readonly owner: string;
}

/**
 * Those that wait, in the order in which their turns come: round and round the owners, each with the oldest of
 * its own, so that nobody stands behind all that another one has brought. An owner who comes joins the round that
 * is under way. Start-time fair queueing (Goyal, Vin, Cheng 1996) with the same cost for all.
 */
export class FairLine<Entry extends InLine> {
  /** By round, and within one in the order in which they came. */
  readonly #entries: {readonly entry: Entry; readonly round: number}[] = [];
  /** The round of each owner's last entry; of those only who have one that waits. */
  readonly #last = new Map<string, number>();
  /** The round from which an entry was taken last. */
  #round = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** In the order of their turns. */
  *[Symbol.iterator](): Iterator<Entry> {
    for (const {entry} of [...this.#entries]) yield entry;
  }

  add(entry: Entry): void {
    const round = Math.max(this.#round, (this.#last.get(entry.owner) ?? -1) + 1);
    this.#last.set(entry.owner, round);
    // What is new is mostly among the last.
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1]?.round ?? 0) > round) at -= 1;
    this.#entries.splice(at, 0, {entry, round});
  }

  /** It waits no more. Returns false when it did not. */
  delete(entry: Entry): boolean {
    const at = this.#entries.findIndex((other) => other.entry === entry);
    const [gone] = at === -1 ? [] : this.#entries.splice(at, 1);
    if (gone === undefined) return false;
    if (!this.#entries.some((other) => other.entry.owner === entry.owner)) this.#last.delete(entry.owner);
    return true;
  }

  /** It is its turn: from now on those who come join no earlier round. */
  take(entry: Entry): void {
    const taken = this.#entries.find((other) => other.entry === entry);
    if (taken !== undefined) this.#round = Math.max(this.#round, taken.round);
    this.delete(entry);
  }
}
