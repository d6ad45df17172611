import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {timeLimit} from '../../base/time-limit.ts';
import type {OpenSession} from './open-session.ts';
import {isSessionThere} from './session-there.ts';

/** Nothing tells of what somebody does in an OpenCode of their own, so it is looked for this often. */
const LOOK_MS = 3_000;
/** A server that is busy answers later. */
const ANSWER_MS = 10_000;

/** Notices that somebody has deleted a session under its agent: itself, or the one that it was opened below. */
export class Deletion {
  readonly #session: OpenSession;
  readonly #log: Logger;
  readonly #onDeleted: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isClosed = false;

  constructor(session: OpenSession, log: Logger, onDeleted: () => void) {
    this.#session = session;
    this.#log = log;
    this.#onDeleted = onDeleted;
    this.#later();
  }

  /** Looks now: something is amiss. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    const {signal, clear} = timeLimit(ANSWER_MS);
    try {
      const {connection, id} = this.#session;
      const isThere = await isSessionThere(connection.client, id, signal);
      if (!isThere && !this.#isClosed) this.#onDeleted();
    } catch (error) {
      this.#log.debug(`whether its session is there: ${messageOf(error)}`);
    } finally {
      clear();
      this.#isLooking = false;
    }
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #later(): void {
    this.#timer = setTimeout(() => void this.look().then(() => this.#isClosed || this.#later()), LOOK_MS);
  }
}
