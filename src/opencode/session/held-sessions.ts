/**
 * Which sessions a run still works in or winds down: its end is told earlier, and anyone who goes on in the same
 * session before it has really stopped would be stopped with it.
 */
export class HeldSessions {
  readonly #held = new Map<string, Promise<void>>();

  /** Holds a session until the returned function is called. */
  hold(sessionId: string): () => void {
    let release!: () => void;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#held.set(sessionId, held);
    return () => {
      if (this.#held.get(sessionId) === held) this.#held.delete(sessionId);
      release();
    };
  }

  /** Resolves when nobody holds the session. */
  async free(sessionId: string): Promise<void> {
    await this.#held.get(sessionId);
  }
}
