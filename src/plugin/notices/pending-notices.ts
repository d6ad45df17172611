/** How long OpenCode may take to store a message that it has taken on. */
const STORE_MS = 10_000;

/** Notices that OpenCode has taken on and that are not in the transcript yet, by the key of their part. */
export class PendingNotices {
  readonly #arrived = new Map<string, () => void>();

  /** Resolves when the notice is in the transcript. Rejects when that takes too long. */
  add(key: string): Promise<void> {
    const stored = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('OpenCode has not stored the notice')), STORE_MS);
      timer.unref();
      this.#arrived.set(key, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return stored.finally(() => this.#arrived.delete(key));
  }

  arrived(key: string): void {
    this.#arrived.get(key)?.();
  }
}
