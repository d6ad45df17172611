import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {AskReply} from '../../delegation/model/run.ts';
import {dataOf, NoAnswerError} from '../wire/answer.ts';
import {askOfPermission, askOfQuestion} from '../wire/asked.ts';
import {EventFeed, type OpenCodeEvent, sessionOf} from '../wire/events.ts';
import {type AskListener, AskRouter} from './ask-router.ts';
import type {OpenCodeServer} from './server.ts';

/** The server has answered already when its events are asked for: they come at once. */
const EVENTS_MS = 10_000;

/** What a run hears of its session. */
export interface SessionListener extends AskListener {
  readonly directory: string;
  /** An event of the session, or of one that the session's agent opened below it. */
  event(event: OpenCodeEvent, isOwn: boolean): void;
  /** Events may have been missed. */
  gap(): void;
  /** The server is gone; nothing more will come. */
  died(): void;
}

/**
 * One running server, its event stream, and who listens to which session. A new server gets a new
 * connection.
 */
export class Connection {
  readonly client: OpencodeClient;
  readonly #server: OpenCodeServer;
  readonly #feed: EventFeed;
  readonly #log: Logger;
  readonly #asks: AskRouter;
  #isClosing = false;
  readonly #listeners = new Map<string, SessionListener>();
  /** The session that a nested session belongs to. */
  readonly #roots = new Map<string, string>();

  constructor(server: OpenCodeServer, log: Logger) {
    this.#server = server;
    this.client = server.client;
    this.#log = log;
    this.#asks = new AskRouter({
      client: server.client,
      log,
      listenerOf: async (sessionId) => this.#listeners.get((await this.#findRoot(sessionId)) ?? ''),
    });
    this.#feed = new EventFeed({
      client: server.client,
      log,
      onEvent: (event, directory) => this.#route(event, directory),
      onGap: () => this.#gap(),
    });
    void server.exited.then(() => {
      if (!this.#isClosing) log.warn('the OpenCode server has ended by itself; the next need starts another');
      this.#feed.close();
      for (const listener of this.listeners) listener.died();
    });
  }

  /**
   * Resolves when events flow, or when the server has died before they could.
   * @throws NoAnswerError when neither happens in time.
   */
  async ready(): Promise<void> {
    const opened = Promise.race([this.#feed.opened, this.#server.exited]);
    if ((await withTimeout(EVENTS_MS, opened, 'late')) !== 'late') return;
    throw new NoAnswerError(`it has not opened its event stream within ${EVENTS_MS / 1_000} s`);
  }

  /** When its server was started, in milliseconds since the epoch. */
  get startedAt(): number {
    return this.#server.startedAt;
  }

  /** Whether what we have run in its server's process holds there. */
  get isKept(): boolean {
    return this.#server.isKept;
  }

  get isAlive(): boolean {
    return !this.#isClosing && !this.#server.hasExited;
  }

  /** Everyone who listens to a session at the moment. */
  get listeners(): readonly SessionListener[] {
    return [...this.#listeners.values()];
  }

  /** Hears a session and all below it until the returned function is called. */
  listen(sessionId: string, listener: SessionListener): () => void {
    this.#listeners.set(sessionId, listener);
    if (!this.isAlive) queueMicrotask(() => listener.died());
    return () => {
      this.#asks.forget((id) => this.#rootOf(id) === sessionId);
      this.#listeners.delete(sessionId);
      for (const [child, root] of this.#roots) if (root === sessionId) this.#roots.delete(child);
    };
  }

  /** Knows from now on that one session was opened below another, also where no event has told. */
  isBelow(sessionId: string, parent: string): void {
    const root = this.#rootOf(parent);
    if (root !== undefined && !this.#listeners.has(sessionId)) this.#roots.set(sessionId, root);
  }

  /** Finds the requests of a directory that no event has told of. Never rejects. */
  findAsks(directory: string): Promise<void> {
    return this.#asks.catchUp(directory);
  }

  /**
   * Answers a request that a listener was told of, this once.
   * @throws when it is no longer asked, or could not be answered.
   */
  reply(askId: string, reply: AskReply): Promise<void> {
    return this.#asks.reply(askId, reply);
  }

  /** Stops the server. Resolves when it is gone. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#feed.close();
    await this.#server.stop();
  }

  #route(event: OpenCodeEvent, directory: string): void {
    const sessionId = sessionOf(event);
    if (sessionId === undefined) return;
    if (event.type === 'session.created') {
      const parent = event.properties.info.parentID;
      const root = parent === undefined ? undefined : this.#rootOf(parent);
      if (root !== undefined) this.#roots.set(sessionId, root);
    }
    const root = this.#rootOf(sessionId);
    const listener = root === undefined ? undefined : this.#listeners.get(root);
    this.#ask(event, directory);
    listener?.event(event, root === sessionId);
  }

  #ask(event: OpenCodeEvent, directory: string): void {
    switch (event.type) {
      case 'permission.asked':
        void this.#asks.asked(askOfPermission(event.properties, directory));
        break;
      case 'question.asked':
        void this.#asks.asked(askOfQuestion(event.properties, directory));
        break;
      case 'permission.replied':
      case 'question.replied':
      case 'question.rejected':
        this.#asks.closed(event.properties.requestID);
        break;
    }
  }

  #gap(): void {
    const directories = new Set(this.listeners.map(({directory}) => directory));
    for (const directory of directories) void this.findAsks(directory);
    for (const listener of this.listeners) listener.gap();
  }

  /** As {@link #rootOf}, also for a session that was opened while no events came. */
  async #findRoot(sessionId: string): Promise<string | undefined> {
    const known = this.#rootOf(sessionId);
    if (known !== undefined) return known;
    try {
      const {parentID} = await dataOf(this.client.session.get({sessionID: sessionId}));
      const root = parentID === undefined ? undefined : await this.#findRoot(parentID);
      if (root !== undefined) this.#roots.set(sessionId, root);
      return root;
    } catch (error) {
      this.#log.debug(`session ${sessionId} could not be looked up: ${messageOf(error)}`);
      return undefined;
    }
  }

  #rootOf(sessionId: string): string | undefined {
    return this.#listeners.has(sessionId) ? sessionId : this.#roots.get(sessionId);
  }
}
