/** JSON-RPC's code for a fault that is not the caller's. */
const INTERNAL_ERROR = -32_603;

export type RequestId = string | number;

/** What the bridge has to know of a message; it never looks into parameters or results. */
export type Message =
  | {readonly kind: 'request'; readonly id: RequestId; readonly method: string}
  | {readonly kind: 'notification'; readonly method: string}
  | {readonly kind: 'response'; readonly id: RequestId}
  | {readonly kind: 'unknown'};

/** Reads one line. What is no message is for the server to judge, and `unknown` here. */
export function readMessage(line: Buffer): Message {
  const value = parseObject(line);
  if (value === undefined) return {kind: 'unknown'};
  const {id, method} = value;
  const hasId = typeof id === 'string' || typeof id === 'number';
  if (typeof method === 'string')
    return hasId ? {kind: 'request', id, method} : {kind: 'notification', method};
  return hasId && ('result' in value || 'error' in value) ? {kind: 'response', id} : {kind: 'unknown'};
}

/** The line that answers a request with an error; `null` where the request could not be read. */
export function errorLine(id: RequestId | null, message: string): string {
  return `${JSON.stringify({jsonrpc: '2.0', id, error: {code: INTERNAL_ERROR, message}})}\n`;
}

/** The JSON object in a line, `undefined` when it holds anything else. */
export function parseObject(line: Buffer | string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString());
    return isObject(value) ? value : undefined;
  } catch {
    // Whoever sent it hears of it from the one who needed an object.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
