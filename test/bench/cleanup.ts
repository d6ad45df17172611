type Undo = () => void | Promise<void>;

/** What has been started or made and must not stay. */
export class Cleanup {
  readonly #undos: Undo[] = [];
  #running: Promise<void> | undefined;

  defer(undo: Undo): void {
    this.#undos.push(undo);
  }

  /** Undoes the last first; what fails is told and keeps nothing else from being undone. Idempotent. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop()) {
      try {
        await undo();
      } catch (error) {
        console.error('could not clean up:', error);
        process.exitCode = 1;
      }
    }
  }
}
