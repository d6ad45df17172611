/** Does things after a while, unless it was closed by then. */
export class Later {
  readonly #timers = new Set<NodeJS.Timeout>();
  #isClosed = false;

  /** Nothing is done any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** @param action must not reject. */
  after(ms: number, action: () => void | Promise<void>): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void action();
    }, ms);
    this.#timers.add(timer);
  }
}
