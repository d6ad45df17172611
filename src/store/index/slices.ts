/** Long work holds the event loop for so long in one go: what somebody waits for comes in between. */
const SLICE_MS = 2;

/** Cuts long work into slices, between which whatever else there is to do is done. */
export class Slices {
  #since = performance.now();

  /** To be awaited after each piece of the work. */
  next(): Promise<void> | undefined {
    if (performance.now() - this.#since < SLICE_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.#since = performance.now();
        resolve();
      }),
    );
  }
}
