import type {SessionStatus} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {OpenSession} from '../session/open-session.ts';
import {dataOf} from '../wire/answer.ts';

/** For so long after the prompt was taken, a session that is not listed as busy may not have begun yet. */
export const BEGIN_MS = 3_000;

/** Whether a session is at work: as its events tell, or the server when it is asked. */
export class Idleness {
  readonly #session: OpenSession;
  readonly #log: Logger;
  readonly #waiters = new Set<() => void>();
  #promptedAt: number | undefined;
  #isIdle = false;
  #isRefused = false;

  constructor(session: OpenSession, log: Logger) {
    this.#session = session;
    this.#log = log;
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** True from the prompt until the session is known to be idle. */
  get isWorking(): boolean {
    return this.#promptedAt !== undefined && !this.#isIdle;
  }

  /** True while its provider refuses, and OpenCode waits to ask again. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Resolves when the session next becomes idle. */
  becomesIdle(): Promise<void> {
    return new Promise((resolve) => this.#waiters.add(resolve));
  }

  /** The server has taken the prompt. */
  prompted(): void {
    this.#promptedAt = Date.now();
  }

  /** It has more to do. */
  busy(): void {
    this.#isIdle = false;
  }

  idle(): void {
    this.#isIdle = true;
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }

  /** What OpenCode says that it does. */
  status({type}: SessionStatus): void {
    this.#isRefused = type === 'retry';
    if (type === 'idle') this.idle();
    else this.busy();
  }

  /**
   * Asks the server, which lists what is at work. `undefined` where that tells nothing: it cannot be asked, or the
   * session may not have begun yet. Never rejects.
   */
  async ask(): Promise<SessionStatus | 'unlisted' | undefined> {
    if (this.#promptedAt === undefined || Date.now() - this.#promptedAt < BEGIN_MS) return undefined;
    const {connection, id, directory} = this.#session;
    try {
      return (await dataOf(connection.client.session.status({directory})))[id] ?? 'unlisted';
    } catch (error) {
      this.#log.debug(`no status: ${messageOf(error)}`);
      return undefined;
    }
  }
}
