import {type RequestId, readMessage} from './message.ts';

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
  readonly initialized: Buffer | undefined;
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
  #swallowed: string | undefined;

  /** Takes note of a line of the client. False when no host waits for it any more: it is to be dropped. */
  fromClient(line: Buffer): boolean {
    const message = readMessage(line);
    switch (message.kind) {
      case 'request': {
        const key = keyOf(message.id);
        this.#inFlight.set(key, {id: message.id, again: OPENING.includes(message.method) ? line : undefined});
        if (message.method === 'initialize') this.#initialize = {id: key, line};
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

  /** Takes note of a line of the host. False when the client must not see it. */
  fromHost(line: Buffer): boolean {
    const message = readMessage(line);
    if (message.kind === 'request') this.#asked.add(keyOf(message.id));
    if (message.kind !== 'response') return true;
    const key = keyOf(message.id);
    if (key === this.#swallowed) {
      this.#swallowed = undefined;
      return false;
    }
    this.#inFlight.delete(key);
    return true;
  }

  /** True while the answer to a replayed `initialize` is awaited; nothing else may be sent before it. */
  get isReopening(): boolean {
    return this.#swallowed !== undefined;
  }

  /** True while an opening request has no answer yet: the client can do nothing before it has. */
  get isOpening(): boolean {
    return [...this.#inFlight.values()].some(({again}) => again !== undefined);
  }

  /** The host has gone. Returns the requests that nobody will answer any more. */
  lost(): readonly RequestId[] {
    for (const id of this.#asked) this.#stale.set(id, (this.#stale.get(id) ?? 0) + 1);
    this.#asked.clear();
    this.#swallowed = undefined;
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
      return {initialize: undefined, initialized: undefined, unanswered};
    }
    this.#swallowed = initialize.id;
    return {initialize: initialize.line, initialized: this.#initialized, unanswered};
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
