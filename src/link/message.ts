/** JSON-RPC's code for a fault that is not the caller's. */
const INTERNAL_ERROR = -32_603;

export type RequestId = string | number;

/** An id as it can be said back: of more digits than a number here can tell apart, or `null` where it is not known. */
export type ShownId = RequestId | bigint | null;

/** What the bridge has to know of a message; parameters and results go on as they are. */
export type Message =
  | {readonly kind: 'request'; readonly id: RequestId; readonly method: string}
  | {readonly kind: 'notification'; readonly method: string}
  | {readonly kind: 'response'; readonly id: RequestId; readonly isError: boolean}
  | {readonly kind: 'unknown'};

/** Reads one line. What is no message is for the server to judge, and `unknown` here. */
export function readMessage(line: Buffer | string): Message {
  const value = parseObject(line);
  if (value === undefined) return {kind: 'unknown'};
  const {id, method} = value;
  const hasId = isRequestId(id);
  if (typeof method === 'string')
    return hasId ? {kind: 'request', id, method} : {kind: 'notification', method};
  if (!hasId || !('result' in value || 'error' in value)) return {kind: 'unknown'};
  return {kind: 'response', id, isError: 'error' in value};
}

/** The id of the request that the client wants no answer to any more, where that is what a line says. */
export function cancelledBy({
  message,
  line,
}: {
  readonly message: Message;
  readonly line: Buffer;
}): RequestId | undefined {
  if (message.kind !== 'notification' || message.method !== 'notifications/cancelled') return undefined;
  const params = parseObject(line)?.params;
  return isObject(params) && isRequestId(params.requestId) ? params.requestId : undefined;
}

/** The line that answers a request with an error; `null` where the request could not be read. */
export function errorLine(id: ShownId, message: string, code = INTERNAL_ERROR): string {
  const shown = typeof id === 'bigint' ? String(id) : JSON.stringify(id);
  return `{"jsonrpc":"2.0","id":${shown},"error":${JSON.stringify({code, message})}}\n`;
}

const ID = '("(?:[^"\\\\]|\\\\.)*"|-?\\d+)';
const JSONRPC = '(?:"jsonrpc"\\s*:\\s*"2\\.0"\\s*,\\s*)?';
const METHOD = '(?:"method"\\s*:\\s*"[^"]*"\\s*,\\s*)?';
/** Before the parameters, or after them: clients of the TypeScript SDK put it last. */
const ID_FIRST = new RegExp(`^\\s*\\{\\s*${METHOD}${JSONRPC}${METHOD}"id"\\s*:\\s*${ID}\\s*,`);
const ID_LAST = new RegExp(`\\}\\s*,\\s*${JSONRPC}"id"\\s*:\\s*${ID}\\s*\\}\\s*$`);
const ANSWER = /^\s*\{[^{[]*"(result|error)"\s*:/;

/** The id of a request of which only both ends are known; `null` where they do not tell it. */
export function idAtEdge({head, tail}: {readonly head: Buffer; readonly tail: Buffer}): ShownId {
  const start = head.toString();
  if (ANSWER.test(start)) return null;
  const found = ID_FIRST.exec(start) ?? ID_LAST.exec(tail.toString());
  return found?.[1] === undefined ? null : idIn(found[1]);
}

const LONG_ID = /("id"\s*:\s*)(-?\d{16,})(?=\s*[,}])/g;

/** The JSON of a text in which each id that a number would not hold to the digit is a text of its digits. */
export function withExactIds(text: string): unknown {
  return JSON.parse(text.replace(LONG_ID, '$1"$2"'));
}

function idIn(json: string): RequestId | bigint {
  const id = JSON.parse(json) as RequestId;
  return typeof id === 'string' || Number.isSafeInteger(id) ? id : BigInt(json);
}

/** The line that says that a resource is not any more as the client knows it. */
export function updatedLine(uri: string): string {
  return `${JSON.stringify({jsonrpc: '2.0', method: 'notifications/resources/updated', params: {uri}})}\n`;
}

/** The JSON object in a line, `undefined` when it holds anything else. */
export function parseObject(line: Buffer | string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString());
    return isObject(value) ? value : undefined;
  } catch {
    // Anyone who sent it hears of it from the one who needed an object.
    return undefined;
  }
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || typeof value === 'number';
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
