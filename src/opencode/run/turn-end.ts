import type {SessionStatus} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {Deletion} from '../session/deletion.ts';
import type {OpenSession} from '../session/open-session.ts';
import type {Transcript} from '../transcript/transcript.ts';
import {type Turn, turnOf} from '../transcript/turn.ts';
import {type ClearVerdict, conclude, concludeUnended, judgeTurn} from '../transcript/verdict.ts';
import {dataOf, wordsOf} from '../wire/answer.ts';
import type {OpenCodeEvent} from '../wire/events.ts';

/** Behind the events: an end that no event told is found after this time at the latest. */
const POLL_MS = 10_000;
/** After an idle that is not yet an end (OpenCode stores an error shortly after it), it is read again. */
const REREAD_MS = [25, 100, 300, 1_000, 2_000];
/** For so long after the prompt was taken, a session that is not listed as busy may not have begun yet. */
const BEGIN_MS = 3_000;

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
  #promptedAt: number | undefined;
  #isIdle = false;
  #isRefused = false;
  #isOver = false;
  readonly #idleWaiters = new Set<() => void>();
  #sessionError: string | undefined;
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #rereads = 0;
  readonly #timers = new Set<NodeJS.Timeout>();

  readonly #deletion: Deletion;

  constructor(options: TurnEndOptions) {
    this.#options = options;
    this.#deletion = new Deletion(options.session, options.log, () => this.#deleted());
  }

  /** True from the prompt until the session is known to be idle. */
  get isWorking(): boolean {
    return this.#promptedAt !== undefined && !this.#isIdle;
  }

  /** True when no end is looked for any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** True while its provider refuses, and OpenCode waits to ask again. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Resolves when OpenCode next says that the session is idle. */
  becomesIdle(): Promise<void> {
    return new Promise((resolve) => this.#idleWaiters.add(resolve));
  }

  /** The server has taken the prompt. */
  prompted(): void {
    this.#promptedAt = Date.now();
    this.#poll();
  }

  /** The session is sent something more, which OpenCode takes up also where it is idle. */
  told(): void {
    this.#isIdle = false;
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

  #status({type}: SessionStatus): void {
    this.#isRefused = type === 'retry';
    if (type === 'idle') {
      this.#idle();
      return;
    }
    this.#isIdle = false;
    this.#rereads = 0;
    // What OpenCode could not store, it tries again as if it were the provider's doing.
    if (type === 'retry') void this.#deletion.look();
  }

  #deleted(): void {
    const error =
      'Its session was deleted in OpenCode, or the one that it was opened below. What it had written by then is kept. Delegate it again if it is still wanted.';
    this.#end({is: 'failed', error}, this.#options.heard() ?? []);
  }

  /** OpenCode says that the session is idle, which on errors it does before the error is stored. */
  #idle(): void {
    this.#isIdle = true;
    for (const waiter of this.#idleWaiters) waiter();
    this.#idleWaiters.clear();
    this.read();
  }

  /** A message has changed: after an idle that may be the error which was to be stored. */
  #messageChanged(): void {
    if (this.#isIdle) this.read();
  }

  /** There are errors after which no idle comes (a hook that throws): if it is not busy by then, that was it. */
  #sessionFailed(words: string): void {
    this.#sessionError = words;
    this.#later(BEGIN_MS, async () => {
      if (!this.#isIdle && (await this.#looksIdle())) this.#idle();
    });
  }

  /** Reads and judges; a wish to read while a read is under way makes one more follow. */
  read(): void {
    if (this.#isOver) return;
    if (this.#reading !== undefined) {
      this.#readAgain = true;
      return;
    }
    this.#reading = this.#readOnce()
      .catch((error: unknown) => this.#options.log.debug(`no messages: ${messageOf(error)}`))
      .finally(() => {
        this.#reading = undefined;
        if (!this.#readAgain) return;
        this.#readAgain = false;
        this.read();
      });
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
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  async #readOnce(): Promise<void> {
    const heard = this.#isIdle ? this.#options.heard() : undefined;
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
    else if (verdict.is !== 'open' && this.#isIdle && this.#rereads > 0) this.#end(verdict, stored);
    else if (this.#isIdle) this.#reread(stored);
  }

  #reread(stored: Transcript): void {
    const wait = REREAD_MS[this.#rereads++];
    if (wait === undefined) {
      this.#end(this.#judgeIdle(stored), stored);
      return;
    }
    this.#later(wait, () => this.#messageChanged());
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
    this.#later(POLL_MS, async () => {
      const {connection, directory} = this.#options.session;
      this.#options.onLook();
      await connection.findAsks(directory);
      if (await this.#looksIdle()) this.#idle();
      this.#poll();
    });
  }

  /** Asks the server; after the prompt it may be a moment until the session is listed as busy. */
  async #looksIdle(): Promise<boolean> {
    if (this.#promptedAt === undefined || Date.now() - this.#promptedAt < BEGIN_MS) return false;
    const {connection, id, directory} = this.#options.session;
    try {
      const status = (await dataOf(connection.client.session.status({directory})))[id];
      if (status !== undefined) {
        this.#options.onStatus(status);
        this.#status(status);
      }
      return status === undefined;
    } catch (error) {
      this.#options.log.debug(`no status: ${messageOf(error)}`);
      return false;
    }
  }

  #later(ms: number, action: () => void | Promise<void>): void {
    if (this.#isOver) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isOver) void action();
    }, ms);
    this.#timers.add(timer);
  }
}
