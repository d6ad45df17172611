/**
 * OpenCode's runtime tells of the first of several quick changes and drops the rest, among them the rename that
 * puts a record in its place. So one change makes for several looks, in milliseconds after it.
 */
const AFTER_MS = [0, 15, 30, 60, 120, 250, 500, 1_000, 2_000];

/** Looks again and again for a short while after a change; a further change begins anew. */
export class Looks {
  readonly #look: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(look: () => void) {
    this.#look = look;
  }

  changed(): void {
    this.close();
    this.#next(performance.now(), 0);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #next(changedAt: number, n: number): void {
    const after = AFTER_MS[n];
    if (after === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#look();
        this.#next(changedAt, n + 1);
      },
      Math.max(0, changedAt + after - performance.now()),
    );
    this.#timer.unref();
  }
}
