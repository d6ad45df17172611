import {INITIAL, type ViewState} from './state/state.ts';

/** How long what was told may wait until it is drawn. People see no more than that, and a key is drawn at once. */
const DRAW_MS = 200;
/** Ages count up by the second. */
const TICK_MS = 1_000;

/** Holds the state of the view, and draws it when that is worth it. */
export class ViewStore {
  readonly #onDraw: (state: ViewState) => void;
  readonly #ticker: NodeJS.Timeout;
  #state: ViewState = INITIAL;
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(onDraw: (state: ViewState) => void) {
    this.#onDraw = onDraw;
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
    this.#state = state;
    this.#soon();
  }

  draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed) return;
    this.#drawnAt = performance.now();
    this.#onDraw(this.#state);
  }

  /** Nothing is drawn any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
  }

  #soon(): void {
    const left = DRAW_MS - (performance.now() - this.#drawnAt);
    this.#timer ??= setTimeout(() => this.draw(), Math.max(0, left));
  }
}
