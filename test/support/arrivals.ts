/** What has come so far, in the order in which it came, for tests that wait for something to come. */
export class Arrivals<T> {
  readonly #all: T[] = [];
  readonly #waiting = new Set<() => void>();

  get all(): readonly T[] {
    return this.#all;
  }

  add(item: T): void {
    this.#all.push(item);
    for (const look of this.#waiting) look();
  }

  /** Resolves with the first, past or to come, that fits. */
  async first(fits: (item: T) => boolean): Promise<T> {
    for (;;) {
      const found = this.#all.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      });
    }
  }
}
