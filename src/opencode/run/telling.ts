import {deferred} from '../../base/deferred.ts';
import {timeLimit} from '../../base/time-limit.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {Delivery, MessageText} from '../../delegation/model/message.ts';
import type {OpenSession} from '../session/open-session.ts';
import {type Sending, sendMessage, sendPrompt} from '../session/send-prompt.ts';
import type {SessionWork} from '../session/session-work.ts';
import type {Transcript} from '../transcript/transcript.ts';
import {hasRepair, heardIn, numbersIn} from '../transcript/turn.ts';
import {dataOf} from '../wire/answer.ts';
import type {OpenCodeEvent} from '../wire/events.ts';
import {momentOf} from './moment.ts';
import type {TurnEnd} from './turn-end.ts';

/** A prompt that OpenCode has taken stands in its session in an instant, unless a hook of a plugin keeps it. */
const SEEN_MS = 10_000;
/** So long it is looked whether a message is given to the agent, before it is said that it will be. */
const NOW_MS = 1_000;
/** Nobody waits longer for what is only said beside. */
const READ_MS = 1_500;

export interface TellingOptions {
  readonly work: SessionWork;
  /** What goes with the prompt at least. */
  readonly messages: readonly MessageText[];
  /** True where the prompt asks for the answer of its own turn once more. */
  readonly isRepair: boolean;
  /** True when nothing is said to the agent any more. */
  readonly isOver: () => boolean;
  /** Called with the numbers of messages that the agent was given. */
  readonly onHeard: (numbers: readonly number[]) => void;
  /** Called when something is said in the session that is not OpenCode's doing. */
  readonly onTold: (sessionId: string) => void;
}

interface Talk {
  readonly sending: Sending;
  readonly turn: TurnEnd;
}

/** All that an agent is told: its prompt, and what comes after it. */
export class Telling {
  readonly #options: TellingOptions;
  /** MessageTaken before the prompt is sent, with which it goes; `undefined` from then on. */
  #early: MessageText[] | undefined = [];
  readonly #begun = deferred<Talk | undefined>();
  /** Sent, and not in the session yet. */
  readonly #unseen = new Map<number, NodeJS.Timeout | undefined>();
  /** Sent, and not given to the agent yet. */
  readonly #unheard = new Map<number, () => void>();
  #turn: TurnEnd | undefined;

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  /** Sends the prompt, with everything that was told by now. @throws as {@link sendPrompt} does. */
  async begin(talk: Talk): Promise<void> {
    const messages = [...this.#options.messages, ...(this.#early ?? [])];
    this.#early = undefined;
    this.#turn = talk.turn;
    for (const {number} of messages) this.#unheard.set(number, () => {});
    await sendPrompt(talk.sending, messages);
    this.#begun.resolve(talk);
  }

  /** As {@link Run.tell}. */
  async tell(words: MessageText): Promise<Delivery | undefined> {
    const {messages, isOver, onTold, work} = this.#options;
    if (messages.some(({number}) => number === words.number)) return 'beginning';
    if (this.#early !== undefined && !isOver()) {
      this.#early.push(words);
      return 'beginning';
    }
    const talk = await this.#begun.promise;
    if (talk === undefined || isOver() || talk.turn.isOver) return undefined;
    const {sending, turn} = talk;
    // Its events may be behind what the agent does.
    await refresh(work, sending.session);
    if (isOver() || turn.isOver) return undefined;
    const moment = momentOf(work.turn, turn.isRefused);
    turn.told();
    onTold(sending.session.id);
    const heard = deferred<'now'>();
    this.#unheard.set(words.number, () => heard.resolve('now'));
    await this.#send(words, sending);
    return moment === 'step' ? withTimeout(NOW_MS, heard.promise, moment) : moment;
  }

  async #send(words: MessageText, sending: Sending): Promise<void> {
    const {number} = words;
    this.#unseen.set(number, undefined);
    try {
      await sendMessage(sending, words);
    } catch (error) {
      this.#unheard.delete(number);
      this.#lost(number);
      throw error;
    }
    if (this.#unseen.has(number))
      this.#unseen.set(
        number,
        setTimeout(() => this.#lost(number), SEEN_MS),
      );
  }

  /** True while something that was sent does not stand in the turn: then what stands there is no end of it. */
  awaits(turn: Transcript): boolean {
    // What stands there is the answer that is to be repaired.
    if (this.#options.isRepair && !hasRepair(turn)) return true;
    for (const number of numbersIn(turn)) this.#forget(number);
    return this.#unseen.size > 0;
  }

  /** One of the agent's own session. */
  event(event: OpenCodeEvent): void {
    const isAsked = event.type === 'message.part.updated' && event.properties.part.type === 'step-start';
    if (!isAsked || this.#unheard.size === 0) return;
    const heard = heardIn(this.#options.work.turn).filter((number) => this.#unheard.has(number));
    for (const number of heard) {
      this.#unheard.get(number)?.();
      this.#unheard.delete(number);
    }
    if (heard.length > 0) this.#options.onHeard(heard);
  }

  /** Nothing is told any more. Idempotent. */
  close(): void {
    this.#begun.resolve(undefined);
    for (const number of this.#unseen.keys()) this.#forget(number);
  }

  /** What stands in the session may be its end after all. */
  #lost(number: number): void {
    this.#forget(number);
    this.#turn?.read();
  }

  #forget(number: number): void {
    clearTimeout(this.#unseen.get(number));
    this.#unseen.delete(number);
  }
}

/** Takes over what the server has stored; where it cannot be read, what its events have told has to do. */
async function refresh(work: SessionWork, {connection, id}: OpenSession): Promise<void> {
  const {signal, clear} = timeLimit(READ_MS);
  try {
    work.merge(await dataOf(connection.client.session.messages({sessionID: id}, {signal})));
  } catch {
    // A server that is gone tells the end by itself.
  } finally {
    clear();
  }
}
