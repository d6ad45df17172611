import {type Deferred, deferred} from '../../base/deferred.ts';
import {sleptMs} from '../../base/sleep.ts';

/**
 * How long OpenCode may take to store a message that it has taken on. Every plugin may work on it first, and
 * OpenCode waits for each: a notice that is sent again meanwhile is there twice in the end.
 */
const STORE_MS = 5 * 60_000;

interface Pending {
  /** The message of the person's that it is attached to, if any. */
  readonly message: string | undefined;
  readonly stored: Deferred<void>;
}

/** Notices that OpenCode has taken on and that are not in the transcript yet, by the key of their part. */
export class PendingNotices {
  readonly #pending = new Map<string, Pending>();

  /**
   * Resolves when the notice is in the transcript. Rejects when that takes too long, or when the message that it
   * is attached to is answered without it.
   * @param message the id of that message; without one, the notice is a message of its own.
   */
  async add(key: string, message?: string): Promise<void> {
    const stored = deferred<void>();
    const clear = within(STORE_MS, () => stored.reject(new Error('OpenCode has not stored the notice')));
    this.#pending.set(key, {message, stored});
    try {
      await stored.promise;
    } finally {
      clear();
      this.#pending.delete(key);
    }
  }

  arrived(key: string): void {
    this.#pending.get(key)?.stored.resolve();
  }

  /** The model answers that message: what was to go with it, or with one before it, is stored by now or never. */
  answered(message: string): void {
    for (const pending of this.#pending.values()) {
      // The ids of a session's messages grow.
      if (pending.message !== undefined && pending.message <= message)
        pending.stored.reject(new Error('OpenCode has stored the message without the notice'));
    }
  }
}

/** Calls after the time, in milliseconds, in which the process could run. Returns what prevents that. */
function within(ms: number, late: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const begin = (): void => {
    const due = performance.now() + ms;
    // While the machine slept, or the process was stopped, OpenCode could not store anything either.
    timer = setTimeout(() => (sleptMs(performance.now() - due) > 0 ? begin() : late()), ms);
    timer.unref();
  };
  begin();
  return () => clearTimeout(timer);
}
