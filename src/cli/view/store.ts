import type {ViewState} from './state/state.ts';
import {INITIAL} from './state/state.ts';

/** How long what was told may wait until it is drawn: people see no more than that. */
const DRAW_MS = 200;
/** Ages count up by the second. */
const TICK_MS = 1_000;

/** Holds the state of the view, and says when it is worth drawing. */
export class ViewStore {
  #state: ViewState = INITIAL;
  #drawn: Drawn = {state: INITIAL, now: Date.now()};
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = 0;
  readonly #listeners = new Set<() => void>();
  readonly #ticker: NodeJS.Timeout;

  constructor() {
    this.#ticker = setInterval(() => this.#soon(), TICK_MS);
  }

  get state(): ViewState {
    return this.#state;
  }

  /** A person has done something, and is to see it at once. */
  setNow(state: ViewState): void {
    this.#state = state;
    this.draw();
  }

  /** Something was told; it is drawn with what else is told in the meantime. */
  set(state: ViewState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#soon();
  }

  /** What is drawn is what is so now. */
  draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawnAt = performance.now();
    this.#drawn = {state: this.#state, now: Date.now()};
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Drawn => this.#drawn;

  close(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #soon(): void {
    const left = DRAW_MS - (performance.now() - this.#drawnAt);
    this.#timer ??= setTimeout(() => this.draw(), Math.max(0, left));
  }
}

/** The state as it is drawn, and the time it is drawn for, in milliseconds since the epoch. */
export interface Drawn {
  readonly state: ViewState;
  readonly now: number;
}
