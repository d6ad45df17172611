import type {Message} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {OpenSession} from '../session/open-session.ts';
import type {SessionWork} from '../session/session-work.ts';
import {isClosing} from '../transcript/answer-text.ts';
import {type Turn, turnOf} from '../transcript/turn.ts';
import type {RunWatch} from '../watchdogs/run-watch.ts';
import {dataOf} from '../wire/answer.ts';
import type {OpenCodeEvent} from '../wire/events.ts';

export interface FollowingOptions {
  readonly turn: Turn;
  readonly work: SessionWork;
  readonly watch: RunWatch;
  readonly log: Logger;
}

/** Follows what is done in a session, and used: by its events, and by what the server has stored where they may lack. */
export class Following {
  readonly #options: FollowingOptions;
  #session: OpenSession | undefined;
  /** No event has come since it was looked at last. */
  #isSilent = false;
  /** Its last step has ended the turn. */
  #isClosing = false;

  constructor(options: FollowingOptions) {
    this.#options = options;
  }

  /** What is stored of it can be read from now on. */
  opened(session: OpenSession): void {
    this.#session = session;
  }

  /** @param isOwn true for one of this session, false for one of a session below it. */
  event(event: OpenCodeEvent, isOwn: boolean): void {
    const {work, watch} = this.#options;
    this.#isSilent = false;
    work.event(event, isOwn);
    watch.event(event, isOwn);
    if (event.type === 'message.updated') this.#stepped(event.properties.info, isOwn);
  }

  /** Called now and then: the stream of events may be broken for good. */
  look(): void {
    if (this.#isSilent) void this.catchUp();
    this.#isSilent = true;
  }

  /**
   * Finds out what was done, and used, while no events came. A session that was opened meanwhile below it is heard from
   * now on. Never rejects: what cannot be read is logged.
   */
  async catchUp(): Promise<void> {
    if (this.#session !== undefined) await this.#read(this.#session);
    this.#used();
  }

  async #read({connection, id}: OpenSession): Promise<void> {
    const {turn, work, log} = this.#options;
    const {client} = connection;
    try {
      const stored = turnOf(await dataOf(client.session.messages({sessionID: id})), turn);
      work.merge(stored);
      await work.readBelow(stored, client);
      for (const child of work.below) connection.isBelow(child, id);
    } catch (error) {
      log.debug(`${turn.delegationId}: what was missed could not be read: ${messageOf(error)}`);
    }
  }

  /** A step has begun or is over, here or below. */
  #stepped(info: Message, isOwn: boolean): void {
    if (info.role !== 'assistant') return;
    if (isOwn) this.#isClosing = isClosing(info);
    this.#used();
  }

  #used(): void {
    const {work, watch} = this.#options;
    watch.used(work.usage(), this.#isClosing);
  }
}
