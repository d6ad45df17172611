import {type RequestId, readMessage, updatedLine} from './message.ts';
import {Subscriptions} from './subscriptions.ts';

/** Requests that change nothing and that a client cannot start without: they are sent again, not failed. */
const OPENING = ['initialize', 'server/discover'];

interface InFlight {
  readonly id: RequestId;
  /** The line to send again when the host goes away. */
  readonly again: Buffer | undefined;
}

/** What a new host has to hear before the conversation can go on. */
export interface Reopening {
  /** An `initialize` that the client has had the answer to: the new answer must not reach it. */
  readonly initialize: Buffer | undefined;
  /** To be sent when the new answer is there. */
  readonly afterwards: readonly Buffer[];
  /** Opening requests that nobody has answered yet. */
  readonly unanswered: readonly Buffer[];
}

/**
 * What a bridge remembers of the messages it passes on, so that the client can go on with another host when
 * its host has gone.
 */
export class Conversation {
  /** Requests of the client that have no answer yet, by id. */
  readonly #inFlight = new Map<string, InFlight>();
  /** Requests of the present host that the client has not answered yet. */
  readonly #asked = new Set<string>();
  /**
   * Requests of earlier hosts that the client still owes an answer. Hosts number theirs from 0 each, and a
   * client answers in order: the first answer under such an id belongs to the host that is gone.
   */
  readonly #stale = new Map<string, number>();
  #initialize: {readonly id: string; readonly line: Buffer} | undefined;
  #initialized: Buffer | undefined;
  readonly #subscriptions = new Subscriptions();
  /** The id of an `initialize` that was replayed, while its answer is awaited. */
  #reopening: string | undefined;
  /** Subscriptions that were replayed and have no answer yet: the URI by the id. */
  readonly #resubscribing = new Map<string, string>();

  /** Takes note of a line of the client. False when no host waits for it any more: it is to be dropped. */
  fromClient(line: Buffer): boolean {
    const message = readMessage(line);
    switch (message.kind) {
      case 'request': {
        const key = keyOf(message.id);
        this.#inFlight.set(key, {id: message.id, again: OPENING.includes(message.method) ? line : undefined});
        if (message.method === 'initialize') this.#initialize = {id: key, line};
        this.#subscriptions.request(message, line);
        return true;
      }
      case 'response':
        return this.#answered(keyOf(message.id));
      case 'notification':
        if (message.method === 'notifications/initialized') this.#initialized = line;
        return true;
      case 'unknown':
        return true;
    }
  }

  /** Takes note of a line of the host. Returns what the client is to see instead of it, if anything. */
  fromHost(line: Buffer): Buffer | string | undefined {
    const message = readMessage(line);
    if (message.kind === 'request') this.#asked.add(keyOf(message.id));
    if (message.kind !== 'response') return line;
    const key = keyOf(message.id);
    if (key === this.#reopening) {
      this.#reopening = undefined;
      return undefined;
    }
    const uri = this.#resubscribing.get(key);
    // What happened to the resource while there was no host is not known: the client has to look.
    if (uri !== undefined && this.#resubscribing.delete(key)) return updatedLine(uri);
    this.#inFlight.delete(key);
    this.#subscriptions.response(message);
    return line;
  }

  /** True while the answer to a replayed `initialize` is awaited; nothing else may be sent before it. */
  get isReopening(): boolean {
    return this.#reopening !== undefined;
  }

  /** True while an opening request has no answer yet: the client can do nothing before it has. */
  get isOpening(): boolean {
    return [...this.#inFlight.values()].some(({again}) => again !== undefined);
  }

  /** The host has gone. Returns the requests that nobody will answer any more. */
  lost(): readonly RequestId[] {
    for (const id of this.#asked) this.#stale.set(id, (this.#stale.get(id) ?? 0) + 1);
    this.#asked.clear();
    this.#reopening = undefined;
    this.#resubscribing.clear();
    this.#subscriptions.lost();
    const failed = [...this.#inFlight].filter(([, {again}]) => again === undefined);
    for (const [key] of failed) this.#inFlight.delete(key);
    return failed.map(([, {id}]) => id);
  }

  /** No host will come. Returns every request that was sent and has no answer. */
  abandon(): readonly RequestId[] {
    const ids = [...this.#inFlight.values()].map(({id}) => id);
    if (this.#initialize !== undefined && this.#inFlight.has(this.#initialize.id))
      this.#initialize = undefined;
    this.#inFlight.clear();
    return ids;
  }

  /** What the new host is to be sent first. */
  reopen(): Reopening {
    const unanswered = [...this.#inFlight.values()].flatMap(({again}) => again ?? []);
    const initialize = this.#initialize;
    if (initialize === undefined || this.#inFlight.has(initialize.id)) {
      return {initialize: undefined, afterwards: [], unanswered};
    }
    this.#reopening = initialize.id;
    const {agreed} = this.#subscriptions;
    for (const [uri, {id}] of agreed) this.#resubscribing.set(keyOf(id), uri);
    const subscriptions = [...agreed.values()].map(({line}) => line);
    const initialized = this.#initialized === undefined ? [] : [this.#initialized];
    return {initialize: initialize.line, afterwards: [...initialized, ...subscriptions], unanswered};
  }

  #answered(id: string): boolean {
    const stale = this.#stale.get(id) ?? 0;
    if (stale === 0) return this.#asked.delete(id);
    if (stale === 1) this.#stale.delete(id);
    else this.#stale.set(id, stale - 1);
    return false;
  }
}

/** 1 and "1" are different ids. */
function keyOf(id: RequestId): string {
  return JSON.stringify(id);
}
