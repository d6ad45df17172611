import type {SessionStatus} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {OneAtATime} from '../../base/one-at-a-time.ts';
import {Deletion} from '../session/deletion.ts';
import type {OpenSession} from '../session/open-session.ts';
import type {Transcript} from '../transcript/transcript.ts';
import {type Turn, turnOf} from '../transcript/turn.ts';
import {type ClearVerdict, conclude, concludeUnended, judgeTurn} from '../transcript/verdict.ts';
import {dataOf, wordsOf} from '../wire/answer.ts';
import type {OpenCodeEvent} from '../wire/events.ts';
import {BEGIN_MS, Idleness} from './idleness.ts';
import {Later} from './later.ts';

/** Behind the events: an end that no event told is found after this time at the latest. */
const POLL_MS = 10_000;
/** After an idle that is not yet an end (OpenCode stores an error shortly after it), it is read again. */
const REREAD_MS = [25, 100, 300, 1_000, 2_000];

export interface TurnEndOptions {
  readonly session: OpenSession;
  readonly turn: Turn;
  readonly log: Logger;
  /** The messages of the turn as events have told them; `undefined` where they may not have told all. */
  readonly heard: () => Transcript | undefined;
  /** True while something that was sent does not stand in the messages: then there is more to come. */
  readonly awaits: (transcript: Transcript) => boolean;
  /** Called with the status whenever it was asked for because no event had told it. */
  readonly onStatus: (status: SessionStatus) => void;
  /** Called whenever the server is asked by itself, now and then. */
  readonly onLook: () => void;
  /** Called once, with the messages of the turn, that the verdict was read from. */
  readonly onEnd: (verdict: ClearVerdict, transcript: Transcript) => void;
}

/**
 * Finds the end of a turn. An idle makes it judge the messages: those that events have told where that is an answer,
 * else those that the server has stored. Where no event comes, it looks now and then.
 */
export class TurnEnd {
  readonly #options: TurnEndOptions;
  readonly #idleness: Idleness;
  readonly #deletion: Deletion;
  readonly #reading = new OneAtATime(() => this.#readOnce());
  readonly #later = new Later();
  #isOver = false;
  #sessionError: string | undefined;
  #rereads = 0;

  constructor(options: TurnEndOptions) {
    this.#options = options;
    this.#idleness = new Idleness(options.session, options.log);
    this.#deletion = new Deletion(options.session, options.log, () => this.#deleted());
  }

  /** True from the prompt until the session is known to be idle. */
  get isWorking(): boolean {
    return this.#idleness.isWorking;
  }

  /** True when no end is looked for any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** True while its provider refuses, and OpenCode waits to ask again. */
  get isRefused(): boolean {
    return this.#idleness.isRefused;
  }

  /** Resolves when OpenCode next says that the session is idle. */
  becomesIdle(): Promise<void> {
    return this.#idleness.becomesIdle();
  }

  /** The server has taken the prompt. */
  prompted(): void {
    this.#idleness.prompted();
    this.#poll();
  }

  /** The session is sent something more, which OpenCode takes up also where it is idle. */
  told(): void {
    this.#idleness.busy();
    this.#rereads = 0;
  }

  /** One of this session. */
  event(event: OpenCodeEvent): void {
    switch (event.type) {
      case 'session.status':
        this.#status(event.properties.status);
        break;
      case 'session.idle':
        this.#idle();
        break;
      case 'session.deleted':
        this.#deleted();
        break;
      case 'session.error':
        this.#sessionFailed(wordsOf(event.properties.error));
        break;
      case 'message.updated':
        this.#messageChanged();
        break;
    }
  }

  #status(status: SessionStatus): void {
    this.#idleness.status(status);
    if (status.type === 'idle') {
      this.read();
      return;
    }
    this.#rereads = 0;
    // What OpenCode could not store, it tries again as if it were the provider's doing.
    if (status.type === 'retry') void this.#deletion.look();
  }

  #deleted(): void {
    const error =
      'Its session was deleted in OpenCode, or the one that it was opened below. What it had written by then is kept. Delegate it again if it is still wanted.';
    this.#end({is: 'failed', error}, this.#options.heard() ?? []);
  }

  /** OpenCode says that the session is idle, which on errors it does before the error is stored. */
  #idle(): void {
    this.#idleness.idle();
    this.read();
  }

  /** A message has changed: after an idle that may be the error which was to be stored. */
  #messageChanged(): void {
    if (this.#idleness.isIdle) this.read();
  }

  /** There are errors after which no idle comes (a hook that throws): if it is not busy by then, that was it. */
  #sessionFailed(words: string): void {
    this.#sessionError = words;
    this.#later.after(BEGIN_MS, async () => {
      if (!this.#idleness.isIdle) await this.#look();
    });
  }

  /** Reads and judges; a wish to read while a read is under way makes one more follow. */
  read(): void {
    this.#reading.want();
  }

  /** OpenCode keeps the session going by itself, which is an end. Never rejects. @param why in sentences. */
  async goesNowhere(why: string): Promise<void> {
    try {
      const transcript = this.#options.heard() ?? (await this.#stored());
      const said = this.#sessionError === undefined ? '' : ` OpenCode said at last: ${this.#sessionError}.`;
      this.#end(concludeUnended(transcript, `${why}${said}`), transcript);
    } catch (error) {
      // It will ask yet again.
      this.#options.log.debug(`no messages: ${messageOf(error)}`);
    }
  }

  /** Stops looking; no end is found any more. */
  close(): void {
    this.#isOver = true;
    this.#deletion.close();
    this.#later.close();
  }

  async #readOnce(): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#judge();
    } catch (error) {
      this.#options.log.debug(`no messages: ${messageOf(error)}`);
    }
  }

  async #judge(): Promise<void> {
    const heard = this.#idleness.isIdle ? this.#options.heard() : undefined;
    const told = heard && judgeTurn(heard);
    if (heard !== undefined && told?.is === 'answered' && !this.#options.awaits(heard)) {
      this.#end(told, heard);
      return;
    }
    const stored = await this.#stored();
    if (this.#sessionError === undefined && this.#options.awaits(stored)) return;
    // Not taken up yet: a hook of a plugin keeps it.
    if (stored.length === 0 && this.#sessionError === undefined) return;
    const verdict = judgeTurn(stored);
    if (verdict.is === 'answered') this.#end(verdict, stored);
    // A failure may be followed by a compaction that goes on: busy again at once, which one more look tells.
    else if (verdict.is !== 'open' && this.#idleness.isIdle && this.#rereads > 0) this.#end(verdict, stored);
    else if (this.#idleness.isIdle) this.#reread(stored);
  }

  #reread(stored: Transcript): void {
    const wait = REREAD_MS[this.#rereads++];
    if (wait === undefined) {
      this.#end(this.#judgeIdle(stored), stored);
      return;
    }
    this.#later.after(wait, () => this.#messageChanged());
  }

  async #stored(): Promise<Transcript> {
    const {session, turn} = this.#options;
    return turnOf(await dataOf(session.connection.client.session.messages({sessionID: session.id})), turn);
  }

  /** After an error, what was written last is no answer. */
  #judgeIdle(transcript: Transcript): ClearVerdict {
    if (this.#sessionError !== undefined) {
      return {is: 'failed', error: `The agent did not answer: ${this.#sessionError}.`};
    }
    return concludeUnended(
      transcript,
      'The agent did not answer: its session became idle without an answer.',
    );
  }

  #end(verdict: ClearVerdict, transcript: Transcript): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onEnd(conclude(verdict, transcript), transcript);
  }

  #poll(): void {
    this.#later.after(POLL_MS, async () => {
      const {connection, directory} = this.#options.session;
      this.#options.onLook();
      await connection.findAsks(directory);
      await this.#look();
      this.#poll();
    });
  }

  /** Asks the server what it does. */
  async #look(): Promise<void> {
    const status = await this.#idleness.ask();
    if (status === undefined) return;
    if (status === 'unlisted') {
      this.#idle();
      return;
    }
    this.#options.onStatus(status);
    this.#status(status);
  }
}
