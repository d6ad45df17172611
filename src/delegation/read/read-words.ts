import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {type Delegation, isUnread, type Named} from '../model/delegation.ts';
import type {Store} from '../model/ports.ts';

export interface ReadWordsOptions {
  readonly store: Store;
  /** Notes it in the record. */
  readonly markRead: (delegation: Delegation) => Promise<Delegation>;
  readonly log: Logger;
}

/** Takes the word of other processes, the plugin's above all, that somebody had the whole of a result. */
export class ReadWords {
  readonly #options: ReadWordsOptions;
  #taking: Promise<void> | undefined;

  constructor(options: ReadWordsOptions) {
    this.#options = options;
  }

  /** Resolves when the records say what was left word of by now. Never rejects. */
  take(): Promise<void> {
    this.#taking ??= this.#takeAll()
      .catch((error: unknown) => {
        this.#options.log.warn(`what other processes have read could not be found out: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#taking = undefined;
      });
    return this.#taking;
  }

  async #takeAll(): Promise<void> {
    await Promise.all((await this.#options.store.reads()).map((named) => this.#take(named)));
  }

  async #take(named: Named): Promise<void> {
    const {store, markRead} = this.#options;
    const isDue = async () => {
      const record = await store.read(named.project, named.id);
      return record !== undefined && isUnread(record) ? record : undefined;
    };
    const record = await isDue();
    if (record !== undefined) await markRead(record);
    // Where there is no room on the disk, the word stays for the next time.
    if (record === undefined || (await isDue()) === undefined) await store.dropRead(named);
  }
}
