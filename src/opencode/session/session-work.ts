import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {ConversationEntry, Said} from '../../delegation/model/conversation.ts';
import type {Usage} from '../../delegation/model/delegation.ts';
import type {Product} from '../../delegation/model/run.ts';
import type {Conceal} from '../secrets/concealed.ts';
import {conversationOf} from '../transcript/conversation.ts';
import {deniedCalls} from '../transcript/denied.ts';
import {LiveTranscript} from '../transcript/live-transcript.ts';
import {
  allText,
  childSessions,
  filesChanged,
  type Transcript,
  toolParts,
  usageOf,
} from '../transcript/transcript.ts';
import {heardIn, isLater, isRepairedIn, type Turn, turnOf} from '../transcript/turn.ts';
import type {Answered} from '../transcript/verdict.ts';
import {dataOf} from '../wire/answer.ts';
import {type OpenCodeEvent, sessionOf} from '../wire/events.ts';

export interface SessionWorkOptions {
  readonly directory: string;
  readonly turn: Turn;
  readonly log: Logger;
  /** Takes out of a text what nobody is to see, also where it came in pieces. */
  readonly conceal: Conceal;
}

/** What an agent did: in its own session, and in those that it opened below with OpenCode's task tool. */
export class SessionWork {
  readonly #directory: string;
  readonly #turn: Turn;
  readonly #log: Logger;
  readonly #conceal: Conceal;
  readonly #own = new LiveTranscript();
  readonly #below = new Map<string, LiveTranscript>();

  constructor({directory, turn, log, conceal}: SessionWorkOptions) {
    this.#directory = directory;
    this.#turn = turn;
    this.#log = log;
    this.#conceal = conceal;
  }

  event(event: OpenCodeEvent, isOwn: boolean): void {
    const sessionId = sessionOf(event);
    if (isOwn) this.#own.apply(event);
    else if (sessionId !== undefined) this.#transcriptOf(sessionId).apply(event);
  }

  /** Events may have been missed. */
  gap(): void {
    this.#own.gap();
  }

  /** The turn as its events have told it from its prompt on; `undefined` where they may not have told all. */
  heard(): Transcript | undefined {
    const whole = this.#own.whole();
    const heard = whole && turnOf(whole, {...this.#turn, isContinued: true});
    const [first] = heard ?? [];
    return first === undefined || isLater(first) ? undefined : heard;
  }

  /** The agent's own turn as far as it is known. */
  get turn(): Transcript {
    return this.#read();
  }

  /** Takes over what the server has stored of the agent's own session. */
  merge(stored: Transcript): void {
    this.#own.merge(stored);
  }

  /** What was said and done so far, in the order in which it began. */
  conversation(): readonly ConversationEntry[] {
    const below = [...this.#below.values()].flatMap((one) => conversationOf(one.read(), {isBelow: true}));
    const all = [...conversationOf(this.#read(), {isBelow: false}), ...below];
    // A key may have come in two pieces of a text.
    const shown = all.map((entry) => ({...entry, said: concealedIn(entry.said, this.#conceal)}));
    return shown.sort((a, b) => a.at - b.at);
  }

  /** Reads the sessions below, for events may have been missed. What cannot be read is logged. */
  async readBelow(transcript: Transcript, client: OpencodeClient): Promise<void> {
    for (const id of childSessions(transcript)) {
      try {
        const stored = await dataOf(client.session.messages({sessionID: id}));
        this.#transcriptOf(id).merge(stored);
        await this.readBelow(stored, client);
      } catch (error) {
        this.#log.warn(`session ${id}, opened by a delegated agent, could not be read: ${messageOf(error)}`);
      }
    }
  }

  /** The sessions below that are known. */
  get below(): readonly string[] {
    return [...this.#below.keys()];
  }

  /** What the steps of this turn have used so far, those of the sessions below included. */
  usage(): Usage {
    return usageOf(this.#all());
  }

  /** True when the agent has written something or called a tool: another one could not just begin again. */
  get hasBegun(): boolean {
    return toolParts(this.#all()).length > 0 || allText(this.#read()) !== '';
  }

  /** The product with this as its answer. */
  answered({text, caveat}: Pick<Answered, 'text' | 'caveat'>): Product {
    const all = this.#all();
    const own = this.#read();
    const heard = heardIn(own);
    return {
      text: this.#conceal(text),
      ...(heard.length > 0 && {heard}),
      ...(isRepairedIn(own) && {isRepaired: true}),
      work: {
        usage: usageOf(all),
        toolCalls: toolParts(all).length,
        filesChanged: filesChanged(all, this.#directory),
        refused: deniedCalls(all),
        ...(caveat !== undefined && {caveat}),
      },
    };
  }

  /** The product of an agent that has not answered: all that it has written so far. */
  unfinished(): Product {
    return this.answered({text: allText(this.#read())});
  }

  /** What was done in this turn, here and below. */
  #all(): Transcript {
    const own = this.#read();
    const since = own[0]?.info.time.created ?? 0;
    // An agent can go on in a session below that an earlier turn has opened.
    const below = [...this.#below.values()].flatMap((transcript) =>
      transcript.read().filter(({info}) => info.time.created >= since),
    );
    return [...own, ...below];
  }

  #read(): Transcript {
    return turnOf(this.#own.read(), this.#turn);
  }

  #transcriptOf(sessionId: string): LiveTranscript {
    const known = this.#below.get(sessionId) ?? new LiveTranscript();
    this.#below.set(sessionId, known);
    return known;
  }
}

function concealedIn(said: Said, conceal: Conceal): Said {
  return 'text' in said ? {...said, text: conceal(said.text)} : said;
}
