import {withTimeout} from '../../base/with-timeout.ts';

/** A list waits so long for calls that nobody waits for: longer than OpenCode takes to start. */
const PATIENCE_MS = 20_000;

/** Who asks for a delegation, and may have gone before there is an answer. */
export interface Asking {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** True when the answer was said to be unwanted, and not only that the connection is gone. */
  readonly isCancelled: () => boolean;
}

interface Pending {
  readonly project: string;
  readonly asking?: Asking;
  readonly over: Promise<void>;
}

/**
 * Calls that delegate and have no record yet. What somebody has asked for whose connection broke is carried out: it
 * may have been the last word of somebody who needs no answer. So anyone who looks next waits until it is there to see.
 */
export class PendingCalls {
  readonly #pending = new Set<Pending>();

  /** Carries out a call, and knows it until it has settled. */
  async run<T>({project, asking}: Omit<Pending, 'over'>, action: () => Promise<T>): Promise<T> {
    let finish!: () => void;
    const over = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const pending = {project, over, ...(asking !== undefined && {asking})};
    this.#pending.add(pending);
    try {
      return await action();
    } finally {
      this.#pending.delete(pending);
      finish();
    }
  }

  /** Resolves when no call of the project is pending whose answer nobody waits for, or after a while. */
  async seen(project: string): Promise<void> {
    const unseen = [...this.#pending].filter(
      (call) => call.project === project && call.asking?.signal.aborted === true,
    );
    if (unseen.length > 0)
      await withTimeout(PATIENCE_MS, Promise.all(unseen.map(({over}) => over)), undefined);
  }
}
