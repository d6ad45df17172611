import {notFound} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {LiveDelegation} from '../live/live.ts';
import type {NearLimit} from '../model/ceiling.ts';
import {asksOf, type Delegation, type DelegationHead, hasEnded, isUnread} from '../model/delegation.ts';
import {parseId} from '../model/id.ts';
import type {Listing} from '../model/listing.ts';
import type {Store} from '../model/ports.ts';
import type {DelegationView} from '../model/view.ts';
import type {Waiting} from '../model/waiting.ts';
import type {Recovery} from '../recover/recovery.ts';
import type {Register} from '../submit/register.ts';
import {ReadWords} from './read-words.ts';

/** An answer waits so long for what is being recovered; after that it shows the rest as it is on disk. */
const PATIENCE_MS = 2_000;

export interface OverviewOptions {
  readonly store: Store;
  readonly recovery: Recovery;
  /** What this process knows better than the store. */
  readonly register: Register;
  /** Notes that somebody had the whole result. */
  readonly markRead: (delegation: Delegation) => Promise<Delegation>;
  readonly log: Logger;
  /** Why a delegation of this process has not started; `undefined` when it does not wait. */
  readonly waiting: (live: LiveDelegation) => Waiting | undefined;
  /** The limit that a delegation of this process is near. */
  readonly near: (live: LiveDelegation) => NearLimit | undefined;
}

/** A listing of the store with what was known better when it was asked for last. */
interface Updated {
  readonly newer: ReadonlyMap<string, DelegationHead>;
  readonly list: readonly DelegationHead[];
}

/** Shows a project's delegations as they stand, recovering what it finds without an owner. */
export class Overview {
  readonly #options: OverviewOptions;
  readonly #readWords: ReadWords;
  readonly #updated = new WeakMap<Listing, Updated>();

  constructor(options: OverviewOptions) {
    this.#options = options;
    this.#readWords = new ReadWords(options);
  }

  /**
   * One delegation, wherever it lives.
   * @throws Refusal when the id names none in this project.
   */
  async get(project: string, id: string): Promise<DelegationView> {
    const {store, recovery, register} = this.#options;
    const parsed = parseId(id);
    if (parsed === undefined) throw notFound(id);
    const live = register.find(project, parsed);
    if (live !== undefined) return this.view(live);
    const delegation = await store.read(project, parsed);
    if (delegation === undefined) throw notFound(id);
    if (!recovery.isOrphan(delegation)) return {delegation};
    if (recovery.delayOf(delegation) !== undefined) return this.#delayed(delegation);
    const recovered = await recovery.recover(delegation);
    if (recovered === undefined) throw notFound(id);
    const takenOver = register.find(project, parsed);
    return takenOver === undefined ? this.#delayed(recovered) : this.view(takenOver);
  }

  /** One that nobody runs, with why its end is not known yet where that is so. */
  #delayed(delegation: Delegation): DelegationView {
    const delay = this.#options.recovery.delayOf(delegation);
    if (delay === undefined || hasEnded(delegation.state)) return {delegation};
    return {delegation, unknown: `${delay.why} It is asked again.`};
  }

  /** One that lives in this process; `undefined` when it does not. */
  live(project: string, id: string): DelegationView | undefined {
    const live = this.#options.register.find(project, id);
    return live && this.view(live);
  }

  view(live: LiveDelegation): DelegationView {
    const waiting = this.#options.waiting(live);
    const near = this.#options.near(live);
    const trouble = live.agent?.trouble?.();
    return {
      delegation: live.record,
      ...(live.record.state.status === 'running' && {activity: live.activity}),
      ...(waiting !== undefined && {waiting}),
      ...(trouble !== undefined && {trouble}),
      ...(near !== undefined && {near}),
      ...(live.unsaved !== undefined && {notes: [notOnDisk(live.unsaved)]}),
    };
  }

  /** Those of the project that wait for an answer and live in this process. */
  blocked(project: string): readonly Delegation[] {
    const {register, store} = this.#options;
    const records = register.all.map(({record}) => record);
    return records.filter((record) => asksOf(record).length > 0 && store.has(project, record));
  }

  /** Newest first. */
  async list(project: string): Promise<readonly DelegationHead[]> {
    await this.#readWords.take();
    const stored = await this.#options.store.list(project);
    const newer = await this.#newerThan(stored, project);
    if (newer.size === 0) return stored.heads;
    const known = this.#updated.get(stored);
    if (known !== undefined && isSame(known.newer, newer)) return known.list;
    const list = stored.heads.map((head) => newer.get(head.id) ?? head);
    this.#updated.set(stored, {newer, list});
    return list;
  }

  /**
   * Ids of those that have ended and that nobody has read to the end yet, newest first. Only those that live in
   * this process, while the records of a large project are looked at for the first time.
   */
  async unread(project: string): Promise<readonly string[]> {
    const {store, register} = this.#options;
    await this.#readWords.take();
    const stored = await store.peek(project);
    if (stored === undefined) return unreadIn(register.known(project));
    const unread = stored.unread.map(({id}) => id);
    const newer = await this.#newerThan(stored, project);
    if (newer.size === 0) return unread;
    return [...unreadIn(newer), ...unread.filter((id) => !newer.has(id))];
  }

  /** Recovers those that have no owner any more. Resolves with the records as they then are. */
  async recover(heads: readonly DelegationHead[]): Promise<readonly (Delegation | undefined)[]> {
    const {recovery, register} = this.#options;
    const orphans = heads.filter(
      (head) =>
        register.find(head.project, head.id) === undefined &&
        recovery.isOrphan(head) &&
        recovery.delayOf(head) === undefined,
    );
    return orphans.length === 0 ? [] : recovery.recoverAll(orphans);
  }

  async #newerThan(stored: Listing, project: string): Promise<ReadonlyMap<string, DelegationHead>> {
    const {register} = this.#options;
    const before = register.known(project);
    // Thousands are recovered beside the answer.
    const recovered = await withTimeout(PATIENCE_MS, this.recover(stored.open), []);
    if (recovered.length === 0) return before;
    const records = recovered.flatMap((record) => (record === undefined ? [] : [record]));
    return new Map<string, DelegationHead>([
      ...records.map((record) => [record.id, record] as const),
      ...register.known(project),
    ]);
  }
}

function notOnDisk(why: string): string {
  return `This end is not on disk yet: ${why}. It is kept in memory and written as soon as that is possible. Make room.`;
}

function unreadIn(heads: ReadonlyMap<string, DelegationHead>): readonly string[] {
  return [...heads.values()].filter(isUnread).map(({id}) => id);
}

function isSame(
  one: ReadonlyMap<string, DelegationHead>,
  other: ReadonlyMap<string, DelegationHead>,
): boolean {
  return one.size === other.size && [...other].every(([id, head]) => one.get(id) === head);
}
