import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Store} from '../model/ports.ts';
import {stopRun} from '../run/stopping.ts';
import type {Register} from '../submit/register.ts';

/** So often it is looked whether another process wants something to be cancelled that runs here. */
const LOOK_MS = 1_000;

export interface CancelRequestsOptions {
  readonly store: Store;
  readonly register: Register;
  readonly log: Logger;
}

/** Cancels what runs here where another process has left word for that. Looks for as long as something is open here. */
export class CancelRequests {
  readonly #options: CancelRequestsOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CancelRequestsOptions) {
    this.#options = options;
  }

  /** Something is open here from now on. */
  watch(): void {
    this.#timer ??= setTimeout(() => void this.#look(), LOOK_MS).unref();
  }

  /** To be called when something has ended: looks no more when it was the last. */
  rest(): void {
    if (this.#options.register.open.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    const {store, register, log} = this.#options;
    try {
      for (const wanted of await store.cancels()) {
        const live = register.find(wanted.project, wanted.id);
        if (live === undefined) continue;
        stopRun(live, 'cancelled');
        await store.dropCancel(wanted);
      }
    } catch (error) {
      log.warn(`what other processes want to be cancelled could not be read: ${messageOf(error)}`);
    }
    this.#timer = undefined;
    if (register.open.length > 0) this.watch();
  }
}
