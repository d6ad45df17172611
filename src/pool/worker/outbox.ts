import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {FromWorker} from '../mail/letters.ts';
import type {Mail} from '../mail/mail.ts';
import {reached} from '../queue/reached.ts';

/** Letters on their way to the owner, in order: while the pool cannot be reached, they wait. */
export class Outbox {
  readonly #mail: Pick<Mail, 'toOwner'>;
  readonly #log: Logger;
  readonly #closed = new AbortController();
  #waiting: FromWorker[] = [];
  #sending: Promise<void> | undefined;

  constructor(mail: Pick<Mail, 'toOwner'>, log: Logger) {
    this.#mail = mail;
    this.#log = log;
  }

  post(letter: FromWorker): void {
    // Of what is only news, the newest is enough.
    if (letter.is === 'activity') this.#waiting = this.#waiting.filter(({is}) => is !== 'activity');
    this.#waiting.push(letter);
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Resolves when all has been sent, or cannot be. */
  async sent(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  /** Sends nothing any more. */
  close(): void {
    this.#waiting = [];
    this.#closed.abort();
  }

  async #send(): Promise<void> {
    for (;;) {
      const letter = this.#waiting.shift();
      if (letter === undefined) return;
      try {
        await reached(() => this.#mail.toOwner(letter), this.#closed.signal);
      } catch (error) {
        if (!this.#closed.signal.aborted) this.#log.warn(`a letter could not be sent: ${messageOf(error)}`);
      }
    }
  }
}
