import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {pause} from '../../base/pause.ts';
import {retryAfter} from '../../base/retry.ts';
import type {FromWorker} from '../mail/letters.ts';
import type {Mail} from '../mail/mail.ts';
import {PoolFull, PoolUnreachable} from '../queue/errors.ts';

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
    for (let letter = this.#waiting.shift(); letter !== undefined; letter = this.#waiting.shift()) {
      try {
        await reached(() => this.#mail.toOwner(letter as FromWorker), this.#closed.signal);
      } catch (error) {
        if (!this.#closed.signal.aborted) this.#log.warn(`a letter could not be sent: ${messageOf(error)}`);
      }
    }
  }
}

/**
 * Does it, and once more for as long as the pool cannot be reached.
 * @throws what the action does for other reasons, and when the signal aborts.
 */
export async function reached<T>(action: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let wait: number | undefined; ; ) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof PoolUnreachable || error instanceof PoolFull) || signal.aborted) throw error;
      wait = retryAfter(wait);
      await pause(wait, {signal});
      signal.throwIfAborted();
    }
  }
}
