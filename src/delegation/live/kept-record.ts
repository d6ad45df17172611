import {messageOf} from '../../base/errors.ts';
import type {Delegation} from '../model/delegation.ts';
import {type LifecycleEvent, transition} from '../model/lifecycle.ts';
import type {Storing} from './storing.ts';
import {Watchers} from './watchers.ts';

/** A record as it stands, and on its way to the disk. */
export class KeptRecord {
  #record: Delegation;
  /** Writes happen one after the other, so that an older state never replaces a newer one. */
  #writes: Promise<void> = Promise.resolve();
  readonly #watchers: Watchers<void>;
  readonly #storing: Storing;

  constructor(record: Delegation, storing: Storing) {
    this.#record = record;
    this.#storing = storing;
    this.#watchers = new Watchers(storing.log);
  }

  get current(): Delegation {
    return this.#record;
  }

  /** Calls back on every change until the returned function is called. */
  watch(listener: () => void): () => void {
    return this.#watchers.add(listener);
  }

  tell(): void {
    this.#watchers.tell();
  }

  /** Changes what stands, and tells nobody. */
  change(change: Partial<Delegation>): void {
    this.#record = {...this.#record, ...change};
  }

  /** Returns false for an event that changes nothing. */
  apply(event: LifecycleEvent): boolean {
    const state = transition(this.#record.state, event);
    if (state === this.#record.state) return false;
    this.change({state});
    this.tell();
    return true;
  }

  /** Stores the record as it stands when it is its turn. Resolves with whether that was possible; a failure is logged. */
  async save(): Promise<boolean> {
    try {
      await this.#write(() => this.#record);
      return true;
    } catch (error) {
      this.#storing.log.warn(`${this.#record.id}: its record could not be updated: ${messageOf(error)}`);
      return false;
    }
  }

  /** Stores this one, which stands from then on, also where that failed. Resolves with why, as a sentence, if it did. */
  async replace(record: Delegation): Promise<string | undefined> {
    const failure = await this.#write(() => record).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    this.#record = record;
    return failure;
  }

  #write(record: () => Delegation): Promise<void> {
    const written = this.#writes.then(() => this.#storing.store.write(record()));
    // The next write must happen whether or not this one did; its own caller hears of the failure.
    this.#writes = written.catch(() => {});
    return written;
  }
}
