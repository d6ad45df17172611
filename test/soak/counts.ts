import {plain} from './plain.ts';

/** What is counted and told at the end, and breaks nothing. */
export class Counts {
  readonly #numbers = new Map<string, number>();
  readonly #refusals = new Map<string, number>();

  add(what: string, more: number): void {
    this.#numbers.set(what, (this.#numbers.get(what) ?? 0) + more);
  }

  /** A call was answered with an error: a tool says what is wrong, in its own words. */
  refused(text: string): void {
    const kind = plain(text);
    this.#refusals.set(kind, (this.#refusals.get(kind) ?? 0) + 1);
  }

  of(what: string): number {
    return this.#numbers.get(what) ?? 0;
  }

  get numbers(): readonly (readonly [what: string, number: number])[] {
    return [...this.#numbers].sort();
  }

  get refusals(): readonly (readonly [text: string, number: number])[] {
    return [...this.#refusals].sort();
  }
}
