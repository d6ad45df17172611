import {parseObject, type RequestId} from '../link/message.ts';

/** What a subscription request asks for, and the answer it waits for. */
interface Asked {
  readonly uri: string;
  /** The line to send again to another host; absent when the client takes the subscription back. */
  readonly line: Buffer | undefined;
}

/** Resources that the client has subscribed to, for a new host knows of none. */
export class Subscriptions {
  readonly #asked = new Map<RequestId, Asked>();
  readonly #lines = new Map<string, {readonly id: RequestId; readonly line: Buffer}>();

  /** Takes note of a request; only what the host has agreed to counts. */
  request({id, method}: {id: RequestId; method: string}, line: Buffer): void {
    if (method !== 'resources/subscribe' && method !== 'resources/unsubscribe') return;
    const uri = uriIn(line);
    if (uri !== undefined)
      this.#asked.set(id, {uri, line: method === 'resources/subscribe' ? line : undefined});
  }

  /** Takes note of an answer. */
  response({id, isError}: {id: RequestId; isError: boolean}): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (asked === undefined || isError) return;
    if (asked.line === undefined) this.#lines.delete(asked.uri);
    else this.#lines.set(asked.uri, {id, line: asked.line});
  }

  /** Nobody will answer what was asked; what was agreed to is still wanted. */
  lost(): void {
    this.#asked.clear();
  }

  /** What another host has to be asked for, by the URI of the resource. */
  get agreed(): ReadonlyMap<string, {readonly id: RequestId; readonly line: Buffer}> {
    return this.#lines;
  }
}

function uriIn(line: Buffer): string | undefined {
  const params = parseObject(line)?.params;
  if (typeof params !== 'object' || params === null || !('uri' in params)) return undefined;
  return typeof params.uri === 'string' ? params.uri : undefined;
}
