import type {Usage} from '../model/delegation.ts';

/** What a step has used is on disk after this time: several steps are written together. */
const DELAY_MS = 2_000;

/** Has what a delegation uses written before long: other processes count it, and after a crash it is known. */
export class UsageSaving {
  readonly #save: () => unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor(save: () => unknown) {
    this.#save = save;
  }

  used({cost}: Usage): void {
    if (cost === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#save();
    }, DELAY_MS).unref();
  }

  /** Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
