import {asksOf, type Delegation, type DelegationHead, hasEnded, isUnread} from './delegation.ts';
import {notFound} from './errors.ts';
import {parseId} from './id.ts';
import type {LiveDelegation} from './live.ts';
import type {Store} from './ports.ts';
import type {Waiting} from './queue.ts';
import type {Recovery} from './recovery.ts';
import type {Register} from './register.ts';
import type {Sight} from './sight.ts';

export interface OverviewOptions {
  readonly store: Store;
  readonly recovery: Recovery;
  /** What this process knows better than the store. */
  readonly register: Register;
  /** Why a delegation of this process has not started; `undefined` when it does not wait. */
  readonly waiting: (live: LiveDelegation) => Waiting | undefined;
}

/** What every answer needs of a list, which may be long. */
interface Digest {
  readonly open: readonly DelegationHead[];
  readonly unread: readonly string[];
}

/** Shows a project's delegations as they stand, recovering what it finds without an owner. */
export class Overview {
  readonly #options: OverviewOptions;
  /** What was found in a list of the store, for as long as it is the same. */
  readonly #digests = new WeakMap<readonly DelegationHead[], Digest>();

  constructor(options: OverviewOptions) {
    this.#options = options;
  }

  /**
   * One delegation, wherever it lives.
   * @throws Refusal when the id names none in this project.
   */
  async get(project: string, id: string): Promise<Sight> {
    const {store, recovery, register} = this.#options;
    const parsed = parseId(id);
    if (parsed === undefined) throw notFound(id);
    const live = register.find(project, parsed);
    if (live !== undefined) return this.sight(live);
    const delegation = await store.read(project, parsed);
    if (delegation === undefined) throw notFound(id);
    if (!recovery.isOrphan(delegation)) return {delegation};
    if (recovery.delayOf(delegation) !== undefined) return this.#delayed(delegation);
    const recovered = await recovery.recover(delegation);
    if (recovered === undefined) throw notFound(id);
    const takenOver = register.find(project, parsed);
    return takenOver === undefined ? this.#delayed(recovered) : this.sight(takenOver);
  }

  /** One that nobody runs, with why its end is not known yet where that is so. */
  #delayed(delegation: Delegation): Sight {
    const delay = this.#options.recovery.delayOf(delegation);
    if (delay === undefined || hasEnded(delegation.state)) return {delegation};
    return {delegation, activity: {toolCalls: 0, last: `${delay.why} It is asked again.`, at: delay.at}};
  }

  /** One that lives in this process. */
  sight(live: LiveDelegation): Sight {
    const waiting = this.#options.waiting(live);
    return {
      delegation: live.record,
      ...(live.record.state.status === 'running' && {activity: live.activity}),
      ...(waiting !== undefined && {waiting}),
    };
  }

  /** Those of the project that wait for an answer and live in this process. */
  blocked(project: string): readonly Delegation[] {
    const records = this.#options.register.all.map(({record}) => record);
    return records.filter((record) => record.project === project && asksOf(record).length > 0);
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
    const {recovery, register} = this.#options;
    const before = register.known(project);
    const orphans = this.#digest(stored).open.filter(
      (head) => !before.has(head.id) && recovery.isOrphan(head) && recovery.delayOf(head) === undefined,
    );
    if (orphans.length === 0) return before;
    const recovered = await recovery.recoverAll(orphans);
    const records = recovered.flatMap((record) => (record === undefined ? [] : [record]));
    return new Map<string, DelegationHead>([
      ...records.map((record) => [record.id, record] as const),
      ...register.known(project),
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
