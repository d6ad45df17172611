import {type DelegationHead, hasEnded, isUnread} from './delegation.ts';
import type {Store} from './ports.ts';
import type {Recovery} from './recovery.ts';

export interface OverviewOptions {
  readonly store: Store;
  readonly recovery: Recovery;
  /** What this process knows better than the store: what lives here, and what was just read. */
  readonly known: (project: string) => ReadonlyMap<string, DelegationHead>;
}

/** What every answer needs of a list, which may be long. */
interface Digest {
  readonly open: readonly DelegationHead[];
  readonly unread: readonly string[];
}

/** Lists a project's delegations as they stand, recovering what it finds without an owner. */
export class Overview {
  readonly #options: OverviewOptions;
  /** What was found in a list of the store, for as long as it is the same. */
  readonly #digests = new WeakMap<readonly DelegationHead[], Digest>();

  constructor(options: OverviewOptions) {
    this.#options = options;
  }

  /** Newest first. */
  async list(project: string): Promise<readonly DelegationHead[]> {
    const stored = await this.#options.store.list(project);
    const newer = await this.#newerThan(stored, project);
    return newer.size === 0 ? stored : stored.map((head) => newer.get(head.id) ?? head);
  }

  /** Ids of those that have ended and that nobody has read to the end yet, newest first. */
  async unread(project: string): Promise<readonly string[]> {
    const stored = await this.#options.store.list(project);
    const {unread} = this.#digest(stored);
    const newer = await this.#newerThan(stored, project);
    if (newer.size === 0) return unread;
    const ended = [...newer.values()].filter(isUnread).map(({id}) => id);
    return [...ended, ...unread.filter((id) => !newer.has(id))];
  }

  async #newerThan(
    stored: readonly DelegationHead[],
    project: string,
  ): Promise<ReadonlyMap<string, DelegationHead>> {
    const {recovery, known} = this.#options;
    const before = known(project);
    const orphans = this.#digest(stored).open.filter(
      (head) => !before.has(head.id) && recovery.isOrphan(head),
    );
    if (orphans.length === 0) return before;
    const recovered = await recovery.recoverAll(orphans);
    const records = recovered.flatMap((record) => (record === undefined ? [] : [record]));
    return new Map<string, DelegationHead>([
      ...records.map((record) => [record.id, record] as const),
      ...known(project),
    ]);
  }

  #digest(stored: readonly DelegationHead[]): Digest {
    const known = this.#digests.get(stored);
    if (known !== undefined) return known;
    const digest = {
      open: stored.filter(({state}) => !hasEnded(state)),
      unread: stored.filter(isUnread).map(({id}) => id),
    };
    this.#digests.set(stored, digest);
    return digest;
  }
}
