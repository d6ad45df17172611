import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import type {Logger} from '../log.ts';
import {EventFeed, type OpenCodeEvent, sessionOf} from './events.ts';
import {Refuser} from './refuser.ts';
import type {OpenCodeServer} from './server.ts';

/** What a run hears of its session. */
export interface SessionListener {
  readonly directory: string;
  /** An event of the session, or of one that the session's agent opened below it. */
  event(event: OpenCodeEvent, isOwn: boolean): void;
  /** Events may have been missed. */
  gap(): void;
  /** A permission request or question was answered with a rejection. */
  refused(what: string): void;
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
  readonly #refuser: Refuser;
  #isClosing = false;
  readonly #listeners = new Map<string, SessionListener>();
  /** The session that a nested session belongs to. */
  readonly #roots = new Map<string, string>();

  constructor(server: OpenCodeServer, log: Logger) {
    this.#server = server;
    this.client = server.client;
    this.#refuser = new Refuser(server.client, log);
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

  /** Resolves when events flow, or when the server has died before they could. */
  get ready(): Promise<void> {
    return Promise.race([this.#feed.opened, this.#server.exited]);
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
      this.#listeners.delete(sessionId);
      for (const [child, root] of this.#roots) if (root === sessionId) this.#roots.delete(child);
    };
  }

  /** Answers the requests of a directory that no event has told of. Never rejects. */
  refusePending(directory: string): Promise<void> {
    return this.#refuser.catchUp(directory, (sessionId) =>
      this.#listeners.get(this.#rootOf(sessionId) ?? ''),
    );
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
    // Whoever asks: this server is ours alone, and nobody is there to answer.
    if (event.type === 'permission.asked') this.#refuser.permission(event.properties, {directory, listener});
    if (event.type === 'question.asked') this.#refuser.question(event.properties, {directory, listener});
    listener?.event(event, root === sessionId);
  }

  #gap(): void {
    const directories = new Set(this.listeners.map(({directory}) => directory));
    for (const directory of directories) void this.refusePending(directory);
    for (const listener of this.listeners) listener.gap();
  }

  #rootOf(sessionId: string): string | undefined {
    return this.#listeners.has(sessionId) ? sessionId : this.#roots.get(sessionId);
  }
}
