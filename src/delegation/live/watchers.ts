import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';

/** Those who want to be told. One that throws is logged, and takes nothing from the others or from who tells. */
export class Watchers<T> {
  readonly #watchers = new Set<(told: T) => void>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Calls back with whatever is told until the returned function is called. */
  add(watcher: (told: T) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  tell(told: T): void {
    for (const watcher of this.#watchers) {
      try {
        watcher(told);
      } catch (error) {
        this.#log.error(`a listener failed: ${messageOf(error)}`);
      }
    }
  }
}
