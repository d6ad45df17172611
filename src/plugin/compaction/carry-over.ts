import type {CarriedOver} from '../../report/carried-over.ts';

/**
 * Sees to it that what was carried over is in the summary: the summarizer is told of it, and what it leaves out
 * all the same is added to what it has written, where every later call of the model finds it.
 */
export class CarryOver {
  readonly #pending = new Map<string, CarriedOver>();
  /** The message that each session's summary is written in. */
  readonly #summaries = new Map<string, string>();

  begin(session: string, carriedOver: CarriedOver): void {
    this.#summaries.delete(session);
    this.#pending.set(session, carriedOver);
  }

  /** A summary is being written in this message. */
  summarizing(session: string, message: string): void {
    if (this.#pending.has(session)) this.#summaries.set(session, message);
  }

  /** A text of the model is complete. Returns what is to stand after it, if anything. */
  completed(session: string, message: string, text: string): string | undefined {
    if (this.#summaries.get(session) !== message) return undefined;
    const missing = this.#pending.get(session)?.missingIn(text);
    this.end(session);
    return missing;
  }

  end(session: string): void {
    this.#pending.delete(session);
    this.#summaries.delete(session);
  }
}
