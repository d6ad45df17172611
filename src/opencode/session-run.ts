import type {Message, SessionStatus} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../delegation/errors.ts';
import type {Product, Run, RunEnd, RunObserver, RunRequest} from '../delegation/ports.ts';
import type {Logger} from '../log.ts';
import {dataOf, done, wordsOf} from './answer.ts';
import type {Connection, SessionListener} from './connection.ts';
import {type OpenCodeEvent, sessionOf} from './events.ts';
import {LiveTranscript} from './live-transcript.ts';
import {splitModel} from './model-name.ts';
import type {OpenCode} from './opencode.ts';
import {Progress} from './progress.ts';
import {
  allText,
  childSessions,
  filesChanged,
  judge,
  type Transcript,
  toolParts,
  usageOf,
} from './transcript.ts';

/** Behind the events: an end that no event told is found after this time at the latest. */
const POLL_MS = 10_000;
/** After an idle that is not yet an end (OpenCode stores an error shortly after it), it is read again. */
const REREAD_MS = [25, 100, 300, 1_000, 2_000];
/** For so long after the prompt was taken, a session that is not listed as busy may not have begun yet. */
const BEGIN_MS = 3_000;
/** Reading what there is, before a stop, must not delay the stop. */
const SNAPSHOT_MS = 1_500;
/** So many context overflows in a row, each followed by a compaction, are taken as final. */
const MAX_OVERFLOWS = 3;
/** A session that could not be opened because the server went away is opened in the next one. */
const OPEN_ATTEMPTS = 3;
/** How long an aborted session may take to stop before its slot is given away all the same. */
const ABORT_GRACE_MS = 5_000;

export interface SessionRunOptions {
  readonly opencode: OpenCode;
  readonly log: Logger;
  readonly request: RunRequest;
  readonly observer: RunObserver;
}

/** One delegation's session: opened, prompted, watched until its end. Events are hints, reading is the judge. */
export class SessionRun implements Run, SessionListener {
  readonly end: Promise<RunEnd>;
  readonly directory: string;
  readonly #log: Logger;
  readonly #request: RunRequest;
  readonly #observer: RunObserver;
  readonly #live = new LiveTranscript();
  readonly #progress: Progress;
  readonly #refused: string[] = [];
  /** Sessions that the agent opened below its own, with OpenCode's task tool. */
  readonly #below = new Map<string, LiveTranscript>();
  readonly #begun: Promise<void>;
  #settle!: (end: RunEnd) => void;
  #isSettled = false;
  #stopping: Promise<void> | undefined;
  #connection: Connection | undefined;
  #sessionId: string | undefined;
  #promptedAt: number | undefined;
  #isIdle = false;
  /** Resolvers of those who wait for the session to be idle. */
  readonly #idleWaiters = new Set<() => void>();
  #sessionError: string | undefined;
  #trouble: string | undefined;
  /** Context overflows since the last step that went through. */
  #overflows = 0;
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #rereads = 0;
  #timers = new Set<NodeJS.Timeout>();
  #unlisten: (() => void) | undefined;

  constructor({opencode, log, request, observer}: SessionRunOptions) {
    this.#log = log;
    this.#request = request;
    this.#observer = observer;
    this.directory = request.directory;
    this.#progress = new Progress((activity) => observer.activity(activity));
    this.end = new Promise((resolve) => {
      this.#settle = (end) => {
        this.#isSettled = true;
        resolve(end);
      };
    });
    this.#begun = this.#begin(opencode).catch((error: unknown) => {
      this.#finish({outcome: 'error', error: messageOf(error)});
    });
  }

  event(event: OpenCodeEvent, isOwn: boolean): void {
    this.#progress.event(event);
    if (!isOwn) {
      this.#transcriptBelow(event)?.apply(event);
      return;
    }
    this.#live.apply(event);
    switch (event.type) {
      case 'message.part.updated':
        this.#trouble = undefined;
        break;
      case 'session.status':
        this.#status(event.properties.status);
        break;
      case 'session.idle':
        this.#idle();
        break;
      case 'session.error':
        this.#sessionError = wordsOf(event.properties.error);
        if (event.properties.error?.name === 'ContextOverflowError') this.#overflowed(this.#sessionError);
        this.#idleLater();
        break;
      case 'message.updated':
        if (isStep(event.properties.info)) this.#overflows = 0;
        // The error of a turn is stored after its idle: that is when there is something to read.
        if (this.#isIdle) this.#read();
        break;
    }
  }

  gap(): void {
    this.#read();
  }

  refused(what: string): void {
    this.#refused.push(what);
    this.#progress.say(`refused: ${what}`);
  }

  died(): void {
    this.#wentIdle();
    this.#finish({
      outcome: 'interrupted',
      error:
        'The OpenCode server ended while it ran. Delegate it again: the next delegation starts a new server.',
    });
  }

  async snapshot(): Promise<Product> {
    const connection = this.#connection;
    const sessionId = this.#sessionId;
    if (connection?.isAlive && sessionId !== undefined) {
      try {
        const {signal, clear} = timeLimit(SNAPSHOT_MS);
        try {
          this.#live.merge(
            await dataOf(connection.client.session.messages({sessionID: sessionId}, {signal})),
          );
        } finally {
          clear();
        }
      } catch (error) {
        this.#log.warn(`${this.#request.delegationId}: its messages could not be read: ${messageOf(error)}`);
      }
    }
    return this.#product(allText(this.#live.read()));
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #begin(opencode: OpenCode): Promise<void> {
    const session = await this.#open(opencode);
    if (session === undefined) return;
    const {connection, sessionId} = session;
    this.#sessionId = sessionId;
    this.#unlisten = connection.listen(sessionId, this);
    await this.#observer.sessionOpened(sessionId);
    // A stop may have come while the session was opened: then the model is never asked.
    if (this.#isSettled || this.#stopping !== undefined) return;
    const {agent, model, prompt} = this.#request;
    await done(
      connection.client.session.promptAsync({
        sessionID: sessionId,
        agent,
        model: splitModel(model),
        parts: [{type: 'text', text: prompt}],
      }),
    );
    this.#promptedAt = Date.now();
    this.#poll();
  }

  /** Opens the session; `undefined` when a stop came first. */
  async #open(opencode: OpenCode): Promise<{connection: Connection; sessionId: string} | undefined> {
    const {directory, agent, model, title, delegationId} = this.#request;
    const {providerID, modelID} = splitModel(model);
    for (let attempt = 1; ; attempt++) {
      const connection = await opencode.connect();
      if (this.#stopping !== undefined) return undefined;
      this.#connection = connection;
      try {
        const session = await dataOf(
          connection.client.session.create({
            directory,
            title,
            agent,
            model: {id: modelID, providerID},
            metadata: {delegation: delegationId},
          }),
        );
        return {connection, sessionId: session.id};
      } catch (error) {
        // The server may have ended since it was last needed; nothing was asked of a model yet.
        if (connection.isAlive || attempt === OPEN_ATTEMPTS) throw error;
      }
    }
  }

  #poll(): void {
    this.#later(POLL_MS, async () => {
      await this.#connection?.refusePending(this.directory);
      const idle = await this.#looksIdle();
      if (idle) this.#idle();
      this.#poll();
    });
  }

  /** Asks the server; after the prompt it may be a moment until the session is listed as busy. */
  async #looksIdle(): Promise<boolean> {
    const connection = this.#connection;
    if (connection === undefined || this.#sessionId === undefined) return false;
    if (this.#promptedAt === undefined || Date.now() - this.#promptedAt < BEGIN_MS) return false;
    try {
      const statuses = await dataOf(connection.client.session.status({directory: this.directory}));
      const status = statuses[this.#sessionId];
      if (status !== undefined) this.#status(status);
      return status === undefined || status.type === 'idle';
    } catch (error) {
      this.#log.debug(`${this.#request.delegationId}: no status: ${messageOf(error)}`);
      return false;
    }
  }

  #status(status: SessionStatus): void {
    switch (status.type) {
      case 'busy':
        this.#isIdle = false;
        this.#rereads = 0;
        break;
      case 'retry':
        this.#isIdle = false;
        this.#retry(status);
        break;
      case 'idle':
        this.#idle();
        break;
    }
  }

  #retry({attempt, message, next}: Extract<SessionStatus, {type: 'retry'}>): void {
    const at = new Date(next).toISOString();
    this.#trouble = `The provider said: ${message}.`;
    this.#progress.say(`waiting for the provider, which said "${message}"; attempt ${attempt + 1} at ${at}`);
    if (next < this.#request.deadline) return;
    this.#finish({
      outcome: 'error',
      error: `${this.#trouble} It would be asked again at ${at}, which is after this delegation's time limit. Delegate again later, or with another model.`,
    });
  }

  /** OpenCode compacts the session and tries again, for ever if that does not make it fit. */
  #overflowed(words: string): void {
    this.#overflows += 1;
    if (this.#overflows < MAX_OVERFLOWS) return;
    this.#finish({
      outcome: 'error',
      error: `The provider said: ${words}. Compacting the session ${MAX_OVERFLOWS - 1} times did not make it fit. Delegate a smaller piece of work, or use a model with a larger context.`,
    });
  }

  #idle(): void {
    this.#wentIdle();
    this.#read();
  }

  /** For errors after which no idle comes (an unknown agent): if it is not busy by then, that was the end. */
  #idleLater(): void {
    this.#later(BEGIN_MS, async () => {
      if (!this.#isIdle && (await this.#looksIdle())) this.#idle();
    });
  }

  #wentIdle(): void {
    this.#isIdle = true;
    for (const waiter of this.#idleWaiters) waiter();
    this.#idleWaiters.clear();
  }

  /** Reads and judges; a wish to read while a read is under way makes one more follow. */
  #read(): void {
    if (this.#isSettled) return;
    if (this.#reading !== undefined) {
      this.#readAgain = true;
      return;
    }
    this.#reading = this.#readOnce()
      .catch((error: unknown) => {
        this.#log.debug(`${this.#request.delegationId}: no messages: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#reading = undefined;
        if (!this.#readAgain) return;
        this.#readAgain = false;
        this.#read();
      });
  }

  async #readOnce(): Promise<void> {
    const connection = this.#connection;
    const sessionId = this.#sessionId;
    if (connection === undefined || sessionId === undefined) return;
    const stored = await dataOf(connection.client.session.messages({sessionID: sessionId}));
    this.#live.merge(stored);
    const verdict = judge(stored);
    if (verdict.is === 'answered') {
      await this.#readBelow(stored, connection);
      this.#finish({outcome: 'completed', text: verdict.text});
      return;
    }
    if (!this.#isIdle) return;
    if (verdict.is === 'failed') {
      // A compaction that follows an overflow is busy again at once: one more look tells them apart.
      if (this.#rereads > 0) {
        await this.#readBelow(stored, connection);
        this.#finish({outcome: 'error', error: verdict.error});
        return;
      }
    }
    this.#reread();
  }

  #reread(): void {
    const wait = REREAD_MS[this.#rereads++];
    if (wait !== undefined) {
      this.#later(wait, () => {
        if (this.#isIdle) this.#read();
      });
      return;
    }
    const why = this.#sessionError ?? 'the session became idle without an answer';
    this.#finish({outcome: 'error', error: `The agent did not answer: ${why}.`});
  }

  /** What agents below did counts as this delegation's work. */
  async #readBelow(transcript: Transcript, connection: Connection): Promise<void> {
    for (const id of childSessions(transcript)) {
      const below = this.#below.get(id) ?? new LiveTranscript();
      this.#below.set(id, below);
      try {
        const stored = await dataOf(connection.client.session.messages({sessionID: id}));
        below.merge(stored);
        await this.#readBelow(stored, connection);
      } catch (error) {
        this.#log.warn(`${this.#request.delegationId}: session ${id} could not be read: ${messageOf(error)}`);
      }
    }
  }

  #transcriptBelow(event: OpenCodeEvent): LiveTranscript | undefined {
    const sessionID = sessionOf(event);
    if (sessionID === undefined) return undefined;
    const known = this.#below.get(sessionID) ?? new LiveTranscript();
    this.#below.set(sessionID, known);
    return known;
  }

  #finish(
    end: {outcome: 'completed'; text: string} | {outcome: 'error' | 'interrupted'; error: string},
  ): void {
    if (this.#isSettled) return;
    this.#clearTimers();
    if (end.outcome === 'completed') {
      this.#settle({outcome: 'completed', product: this.#product(end.text)});
      return;
    }
    this.#settle({
      outcome: end.outcome,
      product: this.#product(allText(this.#live.read())),
      error: end.error,
    });
  }

  #product(text: string): Product {
    const all = [this.#live, ...this.#below.values()].flatMap((live) => live.read());
    return {
      text,
      work: {
        usage: usageOf(all),
        toolCalls: toolParts(all).length,
        filesChanged: filesChanged(all, this.directory),
        refused: [...this.#refused],
      },
    };
  }

  async #stop(): Promise<void> {
    await this.#begun;
    const connection = this.#connection;
    const sessionId = this.#sessionId;
    if (connection?.isAlive && sessionId !== undefined && this.#promptedAt !== undefined && !this.#isIdle) {
      await this.#abort(connection, sessionId);
    }
    this.#finish({outcome: 'error', error: 'It was stopped.'});
    this.#clearTimers();
    this.#unlisten?.();
  }

  async #abort(connection: Connection, sessionId: string): Promise<void> {
    const {signal, clear} = timeLimit(ABORT_GRACE_MS);
    const idle = new Promise<void>((resolve) => this.#idleWaiters.add(resolve));
    const late = new Promise<'late'>((resolve) => signal.addEventListener('abort', () => resolve('late')));
    try {
      await done(connection.client.session.abort({sessionID: sessionId}, {signal}));
      if ((await Promise.race([idle, late])) !== 'late') return;
    } catch (error) {
      this.#log.warn(`${this.#request.delegationId}: its session could not be aborted: ${messageOf(error)}`);
      return;
    } finally {
      clear();
    }
    this.#log.warn(
      `${this.#request.delegationId}: session ${sessionId} has not stopped ${ABORT_GRACE_MS / 1000} s after its abort; its slot is given away`,
    );
  }

  #later(ms: number, action: () => void | Promise<void>): void {
    if (this.#isSettled) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isSettled) void action();
    }, ms);
    this.#timers.add(timer);
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** True for a step of the agent that went through; summaries of a compaction are none. */
function isStep(info: Message): boolean {
  return (
    info.role === 'assistant' &&
    info.summary !== true &&
    info.finish !== undefined &&
    info.error === undefined
  );
}

function timeLimit(ms: number): {signal: AbortSignal; clear: () => void} {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  return {signal: controller.signal, clear: () => clearTimeout(timer)};
}
