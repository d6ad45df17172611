import {withTimeout} from '../../base/with-timeout.ts';

/** OpenCode stores a call within milliseconds; one that it never tells of must not keep the tool waiting. */
const STORE_MS = 500;
/** More are not under way at once. */
const MAX_STORED = 1_000;

/**
 * Calls of our tools that OpenCode has stored. It stores the very arguments that its hooks are given: what is
 * written into them before that would stand in the transcript, and the model would take it for its own words.
 */
export class Calls {
  readonly #stored = new Set<string>();
  readonly #waiting = new Map<string, () => void>();

  /** The call is in the transcript. */
  stored(id: string): void {
    this.#stored.add(id);
    const [oldest] = this.#stored;
    // One that fails is never said to be answered.
    if (this.#stored.size > MAX_STORED && oldest !== undefined) this.#stored.delete(oldest);
    this.#waiting.get(id)?.();
  }

  /** Resolves when the call is in the transcript, or when that is not heard of. */
  async untilStored(id: string): Promise<void> {
    if (this.#stored.has(id)) return;
    await withTimeout(STORE_MS, new Promise<void>((resolve) => this.#waiting.set(id, resolve)), undefined);
    this.#waiting.delete(id);
  }

  /** The call has been answered. */
  answered(id: string): void {
    this.#stored.delete(id);
  }
}
