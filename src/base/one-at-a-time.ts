/** Does one thing, and never twice at once: what is wanted while it is done is done once more afterwards. */
export class OneAtATime {
  readonly #action: () => Promise<void>;
  #doing: Promise<void> | undefined;
  #isWantedAgain = false;

  /** @param action must not reject. */
  constructor(action: () => Promise<void>) {
    this.#action = action;
  }

  want(): void {
    if (this.#doing !== undefined) {
      this.#isWantedAgain = true;
      return;
    }
    this.#doing = this.#action().finally(() => {
      this.#doing = undefined;
      if (!this.#isWantedAgain) return;
      this.#isWantedAgain = false;
      this.want();
    });
  }

  /** Resolves when all that was wanted is done. */
  async done(): Promise<void> {
    while (this.#doing !== undefined) await this.#doing;
  }
}
