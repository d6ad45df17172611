import {EndingError, messageOf, Refusal} from '../../base/errors.ts';
import {LiveDelegation} from '../live/live.ts';
import type {Storing} from '../live/storing.ts';
import {type Delegation, type DelegationHead, hasEnded} from '../model/delegation.ts';
import {newId} from '../model/id.ts';
import type {Environment} from '../model/ports.ts';
import type {DelegateInput} from './input.ts';

/** So many ids are tried before the store is thought to be broken. */
const ID_ATTEMPTS = 20;

/** So many of one client in one project may wait or run. */
export const MAX_OPEN = 2_000;

/** A delegation that has no id yet, but at most one that it is to have where that is unused. */
export type Draft = Omit<Delegation, 'id'> & Partial<Pick<Delegation, 'id'>>;

export interface RegisterOptions {
  readonly storing: Storing;
  /** True when nothing new is taken on any more. */
  readonly isClosing: () => boolean;
}

/**
 * What this process knows of delegations better than the store does: those that live here, and those whose
 * last change is on its way to the disk.
 */
export class Register {
  readonly #options: RegisterOptions;
  /** Those that have not ended, and those whose end could not be stored. In the order they came. */
  readonly #live = new Map<string, LiveDelegation>();
  /** What was read, while the mark is on its way to the disk. */
  readonly #justRead = new Map<string, DelegationHead>();
  readonly #registering = new Set<Promise<LiveDelegation>>();

  constructor(options: RegisterOptions) {
    this.#options = options;
  }

  /** In the order they came. */
  get all(): readonly LiveDelegation[] {
    return [...this.#live.values()];
  }

  /** Those that have not ended. */
  get open(): readonly LiveDelegation[] {
    return this.all.filter(({record}) => !hasEnded(record.state));
  }

  find(project: string, id: string): LiveDelegation | undefined {
    const own = this.#live.get(keyOf({project, id}));
    return own ?? this.all.find(({record}) => record.id === id && this.#isIn(project, record));
  }

  has(delegation: DelegationHead): boolean {
    return this.#live.has(keyOf(delegation));
  }

  /** @throws Refusal when so many of this client wait or run here already that one more would only be lost sight of. */
  checkRoom({client, project}: Pick<DelegateInput, 'client' | 'project'>): void {
    const own = this.open.filter(
      ({record}) => record.project === project && record.client.name === client.name,
    );
    if (own.length < MAX_OPEN) return;
    const first = own[0]?.record.id ?? '';
    throw new Refusal(
      `${MAX_OPEN.toLocaleString('en-US')} delegations of this client wait or run in this project, which is the limit: nothing was started. Wait for some: delegation_read("${first}") waits for the oldest. Or cancel what is no longer wanted.`,
    );
  }

  /** Of one project: what is newer than what is stored. */
  known(project: string): ReadonlyMap<string, DelegationHead> {
    const heads = [...this.all.map(({record}) => record), ...this.#justRead.values()];
    return new Map(heads.filter((head) => this.#isIn(project, head)).map((head) => [head.id, head]));
  }

  #isIn(project: string, head: DelegationHead): boolean {
    return this.#options.storing.store.has(project, head);
  }

  /**
   * Gives a new delegation an id and stores it, with what depends on that id. Resolves when its record is on disk.
   * @throws Refusal when it cannot be stored.
   */
  create(
    draft: Draft,
    environment: Environment,
    rest: (id: string) => Partial<Draft> = () => ({}),
  ): Promise<LiveDelegation> {
    const registering = this.#create(draft, environment, rest);
    this.#registering.add(registering);
    return registering.finally(() => this.#registering.delete(registering));
  }

  /** Takes in one that has a record already. */
  add(live: LiveDelegation): void {
    this.#live.set(keyOf(live.record), live);
  }

  remove(delegation: DelegationHead): void {
    this.#live.delete(keyOf(delegation));
  }

  /** Knows the head as read until the promise that stores it settles. */
  async reading<T>(head: DelegationHead, storing: () => Promise<T>): Promise<T> {
    this.#justRead.set(keyOf(head), head);
    return storing().finally(() => this.#justRead.delete(keyOf(head)));
  }

  /** Resolves when everything that was being created is there or was refused. */
  async readsStored(): Promise<void> {
    await Promise.allSettled(this.#registering);
  }

  async #create(
    draft: Draft,
    environment: Environment,
    rest: (id: string) => Partial<Draft>,
  ): Promise<LiveDelegation> {
    const {storing, isClosing} = this.#options;
    const {store} = storing;
    for (let attempt = 0; attempt < ID_ATTEMPTS; attempt++) {
      if (isClosing()) throw new EndingError();
      const id = (attempt === 0 ? draft.id : undefined) ?? newId();
      const record = {...draft, ...rest(id), id};
      if (this.#live.has(keyOf(record))) continue;
      const live = new LiveDelegation(record, environment, storing);
      this.add(live);
      const created = await store.create(record).catch((error: unknown) => messageOf(error));
      if (created === true) return live;
      this.remove(record);
      if (typeof created === 'string') {
        throw new Refusal(
          `The delegation could not be stored, so it was not started: ${created}. Make the folder of ${store.artifact(record.project, record.id)} writable, or set OPENCODE_DELEGATE_DATA_DIR.`,
        );
      }
    }
    throw new Error(`no unused id was found in ${ID_ATTEMPTS} attempts`);
  }
}

function keyOf({project, id}: {readonly project: string; readonly id: string}): string {
  return `${project}/${id}`;
}
