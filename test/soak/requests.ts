/** Counts how often the model is asked, for those who wait until it is. */
export class Requests {
  readonly #waiting = new Set<() => void>();
  #count = 0;

  add(): void {
    this.#count += 1;
    for (const look of this.#waiting) look();
  }

  /** Resolves when there were so many from now on. */
  more(times: number): Promise<void> {
    const last = this.#count + times;
    return new Promise((resolve) => {
      const look = () => {
        if (this.#count < last) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }
}
