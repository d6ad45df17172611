import {randomUUID} from 'node:crypto';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Toast} from '../../report/notice.ts';
import type {PromptBody, TextPart} from '../opencode/hooks.ts';
import {noticePartOf, type UserOpenCode, type Voice} from '../opencode/user-opencode.ts';
import {PendingNotices} from './pending-notices.ts';

export interface MessengerOptions {
  readonly id: string;
  readonly opencode: UserOpenCode;
  readonly log: Logger;
}

/** Adds a part to a message that OpenCode has not stored yet. Returns the id of the message. */
export type Attach = (part: TextPart) => string;

/** Puts notices into the transcript of one session, in the voice of its last user message. */
export class Messenger {
  readonly #options: MessengerOptions;
  readonly #pending = new PendingNotices();
  #voice: Voice | undefined;

  constructor(options: MessengerOptions) {
    this.#options = options;
  }

  /** The person has spoken. */
  heard(voice: Voice | undefined): void {
    this.#voice = voice;
  }

  /** The model answers that message of the session. */
  answered(message: string): void {
    this.#pending.answered(message);
  }

  /** A part of ours is in the transcript. */
  stored(key: string): void {
    this.#pending.arrived(key);
  }

  /** Resolves when it is in the transcript; the model has no turn because of it. */
  async say(text: string): Promise<void> {
    const {opencode, id} = this.#options;
    await opencode.say(id, await this.#body(text, randomUUID()));
  }

  /** Resolves when it is in the transcript; the model answers it. */
  async wake(text: string): Promise<void> {
    const {opencode, id} = this.#options;
    const key = randomUUID();
    const body = await this.#body(text, key);
    await Promise.all([this.#pending.add(key), opencode.wake(id, body)]);
  }

  /** Resolves when it is in the transcript, with the message that it is attached to. */
  attach(text: string, attach: Attach): Promise<void> {
    const key = randomUUID();
    return this.#pending.add(key, attach(noticePartOf(text, key)));
  }

  /** Tells the person. */
  toast({title, message, variant}: Toast): void {
    const {opencode, log} = this.#options;
    // A toast is a courtesy: where there is no screen there is nobody to see it.
    opencode
      .toast(title, message, variant)
      .catch((error: unknown) => log.debug(`no toast: ${messageOf(error)}`));
  }

  async #body(text: string, key: string): Promise<PromptBody> {
    const {opencode, id} = this.#options;
    const {model, agent, variant} = this.#voice ?? (await opencode.voice(id));
    return {agent, model, ...(variant !== undefined && {variant}), parts: [noticePartOf(text, key)]};
  }
}
