import {retryAfter} from '../../base/retry.ts';
import type {Delegation} from '../model/delegation.ts';

/** Ends that could not be written: known to readers, kept in memory, and tried again until they are on disk. */
export class UnsavedEnds {
  readonly #save: (delegation: Delegation) => Promise<boolean>;
  readonly #waiting = new Set<Delegation>();
  #wait = retryAfter();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param save tries to write one, and resolves with whether that was possible. */
  constructor(save: (delegation: Delegation) => Promise<boolean>) {
    this.#save = save;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(delegation: Delegation): void {
    this.#waiting.add(delegation);
    this.#later();
  }

  /** Tries all of them once more, and then no longer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#retry();
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#wait = retryAfter(this.#wait);
      void this.#retry();
    }, this.#wait).unref();
  }

  async #retry(): Promise<void> {
    for (const delegation of [...this.#waiting]) {
      if (await this.#save(delegation)) this.#waiting.delete(delegation);
      // The others would meet the same disk.
      else break;
    }
    if (this.#waiting.size > 0) this.#later();
    else this.#wait = retryAfter();
  }
}
