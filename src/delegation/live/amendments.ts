import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Delegation} from '../model/delegation.ts';
import type {Store} from '../model/ports.ts';

/** What changes in a record, whatever has changed in it meanwhile. */
export type Amendment = Partial<Delegation> | ((latest: Delegation) => Delegation);

export interface Amended {
  readonly record: Delegation;
  /** False when the change could not be written, which the log then says. */
  readonly isStored: boolean;
}

/** Changes to records that have ended: one at a time for each, so that two changes of different parts both last. */
export class Amendments {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #pending = new Map<string, Promise<Amended>>();

  constructor({store, log}: {store: Store; log: Logger}) {
    this.#store = store;
    this.#log = log;
  }

  /** Applies a change to the record as it then is on disk, or to the given one where it is not there. */
  apply(delegation: Delegation, change: Amendment): Promise<Amended> {
    const key = `${delegation.project}/${delegation.id}`;
    const before = this.#pending.get(key) ?? Promise.resolve();
    const amended = before.then(() => this.#amend(delegation, change));
    this.#pending.set(key, amended);
    return amended.finally(() => {
      if (this.#pending.get(key) === amended) this.#pending.delete(key);
    });
  }

  /** Resolves when all changes that were asked for by now are made. */
  async allStored(): Promise<void> {
    await Promise.allSettled(this.#pending.values());
  }

  async #amend(delegation: Delegation, change: Amendment): Promise<Amended> {
    const stored = await this.#store.read(delegation.project, delegation.id);
    // A record whose end could not be written is known in memory only: what is on disk is older.
    const latest = stored?.state.status === delegation.state.status ? stored : delegation;
    const record = typeof change === 'function' ? change(latest) : {...latest, ...change};
    try {
      await this.#store.write(record);
      return {record, isStored: true};
    } catch (error) {
      this.#log.warn(`${delegation.id}: its record could not be updated: ${messageOf(error)}`);
      return {record, isStored: false};
    }
  }
}
