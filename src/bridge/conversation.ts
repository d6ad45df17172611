import {ENDING_CODE} from '../base/ending-code.ts';
import {cancelledBy, parseObject, type RequestId, readMessage, updatedLine} from '../link/message.ts';
import {Subscriptions} from './subscriptions.ts';

/** Requests that change nothing and that a client cannot start without: they are sent again, not failed. */
const OPENING = ['initialize', 'server/discover'];
/** Is answered when the connection ends, and not before. */
const LISTEN = 'subscriptions/listen';

/** Late answers to so many cancelled calls are kept from the client; a host has answered older ones, or never will. */
const MAX_CANCELLED = 10_000;

interface InFlight {
  readonly id: RequestId;
  readonly line: Buffer;
  readonly method: string;
  /** The last host that it was sent to has said that it did not take it on, as it ends. */
  readonly isSentBack: boolean;
}

/** What a new host has to hear before the conversation can go on. */
export interface Reopening {
  /** An `initialize` that the client has had the answer to: the new answer must not reach it. */
  readonly initialize: Buffer | undefined;
  /** To be sent when the new answer is there. */
  readonly afterwards: readonly Buffer[];
  /** Requests that nobody has answered yet. */
  readonly unanswered: readonly Buffer[];
}

/**
 * What a bridge remembers of the messages it passes on, so that the client can go on with another host when
 * its host has gone.
 *
 * The bridge promises the client one answer to each request, and one conversation. A host promises nothing beyond its
 * own life. When it goes, calls that it had taken fail, as nobody knows how far it came. Requests that only open a
 * conversation, and calls that it sent back as it ended, go to the next host. That one first gets the client's own
 * `initialize`; its answer is kept from the client, and everything else waits for it. Then the subscriptions follow.
 */
export class Conversation {
  /** Requests of the client that have no answer yet, by id. */
  readonly #inFlight = new Map<string, InFlight>();
  /** Calls that the client wants no answer to any more. */
  readonly #cancelled = new Set<string>();
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
        this.#inFlight.set(key, {id: message.id, line, method: message.method, isSentBack: false});
        this.#cancelled.delete(key);
        if (message.method === 'initialize') this.#initialize = {id: key, line};
        this.#subscriptions.request(message, line);
        return true;
      }
      case 'response':
        return this.#answered(keyOf(message.id));
      case 'notification':
        if (message.method === 'notifications/initialized') this.#initialized = line;
        this.#cancel(cancelledBy({message, line}));
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
      this.#sentOn();
      return undefined;
    }
    const uri = this.#resubscribing.get(key);
    // What happened to the resource while there was no host is not known: the client has to look.
    if (uri !== undefined && this.#resubscribing.delete(key)) return updatedLine(uri);
    if (this.#cancelled.delete(key)) return undefined;
    const call = this.#inFlight.get(key);
    if (call !== undefined && message.isError && isSentBack(line)) {
      this.#inFlight.set(key, {...call, isSentBack: true});
      return undefined;
    }
    this.#inFlight.delete(key);
    this.#subscriptions.response(message);
    return line;
  }

  /** True while the answer to a replayed `initialize` is awaited; nothing else may be sent before it. */
  get isReopening(): boolean {
    return this.#reopening !== undefined;
  }

  /** True while a request has no answer that another host is to be asked for. */
  get needsHost(): boolean {
    return [...this.#inFlight.values()].some(isForNext);
  }

  /** The requests that the client waits for an answer to. */
  get owed(): readonly RequestId[] {
    return [...this.#inFlight.values()].filter(({method}) => method !== LISTEN).map(({id}) => id);
  }

  /** The host has gone. Returns the requests that nobody will answer any more. */
  lost(): readonly RequestId[] {
    for (const id of this.#asked) this.#stale.set(id, (this.#stale.get(id) ?? 0) + 1);
    this.#asked.clear();
    this.#reopening = undefined;
    this.#resubscribing.clear();
    this.#subscriptions.lost();
    this.#cancelled.clear();
    const failed = [...this.#inFlight].filter(([, call]) => !isForNext(call));
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
    const unanswered = [...this.#inFlight.values()].map(({line}) => line);
    const initialize = this.#initialize;
    if (initialize === undefined || this.#inFlight.has(initialize.id)) {
      this.#sentOn();
      return {initialize: undefined, afterwards: [], unanswered};
    }
    this.#reopening = initialize.id;
    const {agreed} = this.#subscriptions;
    for (const [uri, {id}] of agreed) this.#resubscribing.set(keyOf(id), uri);
    const subscriptions = [...agreed.values()].map(({line}) => line);
    const initialized = this.#initialized === undefined ? [] : [this.#initialized];
    return {
      initialize: initialize.line,
      afterwards: [...initialized, ...subscriptions, ...unanswered],
      unanswered: [],
    };
  }

  /** The host that is there now gets all that is unanswered, and may take it on: it must not go to another one after it. */
  #sentOn(): void {
    for (const [key, call] of this.#inFlight) this.#inFlight.set(key, {...call, isSentBack: false});
  }

  /** The client wants no answer: none is to reach it, and none is waited for. */
  #cancel(id: RequestId | undefined): void {
    const key = id === undefined ? undefined : keyOf(id);
    if (key === undefined || !this.#inFlight.delete(key)) return;
    this.#cancelled.add(key);
    const [oldest] = this.#cancelled;
    if (this.#cancelled.size > MAX_CANCELLED && oldest !== undefined) this.#cancelled.delete(oldest);
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

function isForNext({method, isSentBack}: InFlight): boolean {
  return OPENING.includes(method) || isSentBack;
}

/** True for the answer of a host that ends to a call that it did not take on. */
function isSentBack(line: Buffer): boolean {
  const error = parseObject(line)?.error;
  return typeof error === 'object' && error !== null && 'code' in error && error.code === ENDING_CODE;
}
