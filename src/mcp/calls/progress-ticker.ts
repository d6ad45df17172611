/** Clients give up on a call that is silent for 60 s; people like to see sooner that something happens. */
const TICK_MS = 10_000;
/** Changes that come faster are told together. */
const LEAST_GAP_MS = 1_000;

/** Reports progress on every change, never more than once a second, and every 10 s while nothing changes. */
export class ProgressTicker {
  readonly #report: (message: string) => void;
  #render: (() => string) | undefined;
  #reportedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  /** Has this reported next; it is rendered when it is, so that times in it are true. */
  show(render: () => string): void {
    this.#render = render;
    this.#schedule(Math.max(0, this.#reportedAt + LEAST_GAP_MS - Date.now()));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#render = undefined;
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#render === undefined) return;
      this.#reportedAt = Date.now();
      this.#report(this.#render());
      this.#schedule(TICK_MS);
    }, ms);
  }
}
