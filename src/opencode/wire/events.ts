import type {GlobalEvent, OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';

export type OpenCodeEvent = GlobalEvent['payload'];

/** The session that an event is about; most events are about one. */
export function sessionOf(event: OpenCodeEvent): string | undefined {
  const properties: unknown = 'properties' in event ? event.properties : undefined;
  if (typeof properties !== 'object' || properties === null || !('sessionID' in properties)) return undefined;
  return typeof properties.sessionID === 'string' ? properties.sessionID : undefined;
}

/** The session whose turn is over by this event. */
export function becameIdle(event: OpenCodeEvent): string | undefined {
  if (event.type === 'session.idle') return event.properties.sessionID;
  if (event.type !== 'session.status' || event.properties.status.type !== 'idle') return undefined;
  return event.properties.sessionID;
}

/** OpenCode sends a heartbeat every 10 s; a stream that is silent for this long is dead. */
const SILENCE_MS = 30_000;
/** Between two attempts to connect; the server is on this machine. */
const RECONNECT_MS = 200;

export interface EventFeedOptions {
  readonly client: OpencodeClient;
  readonly log: Logger;
  /** The directory is that of the instance which the event comes from. */
  readonly onEvent: (event: OpenCodeEvent, directory: string) => void;
  /** Called after a gap: events may have been missed, and OpenCode replays none. */
  readonly onGap: () => void;
}

/**
 * The server's one event stream for all directories, kept open: when it ends or falls silent, it is opened
 * again and the gap is told.
 */
export class EventFeed {
  /** Resolves when the stream is open for the first time: only then is a prompt's every event sure to come. */
  readonly opened: Promise<void>;
  readonly #options: EventFeedOptions;
  readonly #closed = new AbortController();
  #hasOpened = false;

  constructor(options: EventFeedOptions) {
    this.#options = options;
    this.opened = new Promise((resolve) => {
      void this.#keepOpen(resolve);
    });
  }

  /** Ends the stream for good. Idempotent. */
  close(): void {
    this.#closed.abort();
  }

  async #keepOpen(onOpen: () => void): Promise<void> {
    while (!this.#closed.signal.aborted) {
      await this.#readOnce(onOpen);
      if (this.#closed.signal.aborted) return;
      this.#options.log.debug('the event stream of OpenCode ended; opening it again');
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  async #readOnce(onOpen: () => void): Promise<void> {
    const {client, log, onGap} = this.#options;
    const ended = new AbortController();
    const end = () => ended.abort();
    this.#closed.signal.addEventListener('abort', end);
    let silence = setTimeout(end, SILENCE_MS);
    let isFirst = true;
    try {
      // The SDK would try again by itself, but without telling of the gap.
      const {stream} = await client.global.event({signal: ended.signal, sseMaxRetryAttempts: 1});
      for await (const event of stream as AsyncIterable<GlobalEvent>) {
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE_MS);
        if (isFirst) {
          isFirst = false;
          if (this.#hasOpened) onGap();
          this.#hasOpened = true;
          onOpen();
        }
        this.#tell(event);
      }
    } catch (error) {
      log.debug(`the event stream of OpenCode broke: ${messageOf(error)}`);
    } finally {
      clearTimeout(silence);
      this.#closed.signal.removeEventListener('abort', end);
      ended.abort();
    }
  }

  /** One that nobody here understands takes no other along. */
  #tell({payload, directory}: GlobalEvent): void {
    const {log, onEvent} = this.#options;
    try {
      onEvent(payload, directory);
    } catch (error) {
      log.warn(`an event of OpenCode is skipped: ${messageOf(error)}`);
    }
  }
}
