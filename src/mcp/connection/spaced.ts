/** Does something whenever it is told to, at once, save that what comes within the gap after that is done together at its end. */
export class Spaced {
  readonly #gapMs: number;
  readonly #action: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isOwed = false;

  /** @param gapMs the least time between two, in milliseconds. */
  constructor(gapMs: number, action: () => void) {
    this.#gapMs = gapMs;
    this.#action = action;
  }

  tell(): void {
    if (this.#timer !== undefined) {
      this.#isOwed = true;
      return;
    }
    this.#action();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isOwed) return;
      this.#isOwed = false;
      this.tell();
    }, this.#gapMs);
  }

  /** Nothing is done any more, what is owed neither. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
