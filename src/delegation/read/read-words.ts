import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {type Delegation, isUnread, type Named} from '../model/delegation.ts';
import type {Store} from '../model/ports.ts';

export interface ReadWordsOptions {
  readonly store: Store;
  /** Notes it in the record: known here at once, on disk when it resolves, if it can be stored. */
  readonly markRead: (delegation: Delegation) => Promise<Delegation>;
  readonly log: Logger;
}

/** Takes the word of other processes, the plugin's above all, that somebody had the whole of a result. */
export class ReadWords {
  readonly #options: ReadWordsOptions;
  #taking: Promise<void> | undefined;
  /** Those that are on their way to the disk, by their word. */
  readonly #storing = new Set<string>();

  constructor(options: ReadWordsOptions) {
    this.#options = options;
  }

  /** Resolves when what was left word of by now is known here; the records say so a moment later. Never rejects. */
  take(): Promise<void> {
    this.#taking ??= this.#takeAll()
      .catch((error: unknown) => this.#warn(error))
      .finally(() => {
        this.#taking = undefined;
      });
    return this.#taking;
  }

  async #takeAll(): Promise<void> {
    await Promise.all((await this.#options.store.reads()).map((named) => this.#take(named)));
  }

  async #take(named: Named): Promise<void> {
    const word = `${named.project}/${named.id}`;
    if (this.#storing.has(word)) return;
    const record = await this.#unread(named);
    if (record === undefined) return this.#options.store.dropRead(named);
    // Nobody waits for the disk: the word is there as long as the record does not say so.
    this.#storing.add(word);
    void this.#store(named, record)
      .catch((error: unknown) => this.#warn(error))
      .finally(() => this.#storing.delete(word));
  }

  async #store(named: Named, record: Delegation): Promise<void> {
    await this.#options.markRead(record);
    // Where there is no room on the disk, the word stays for the next time.
    if ((await this.#unread(named)) === undefined) await this.#options.store.dropRead(named);
  }

  async #unread({project, id}: Named): Promise<Delegation | undefined> {
    const record = await this.#options.store.read(project, id);
    return record !== undefined && isUnread(record) ? record : undefined;
  }

  #warn(error: unknown): void {
    this.#options.log.warn(`what other processes have read could not be found out: ${messageOf(error)}`);
  }
}
