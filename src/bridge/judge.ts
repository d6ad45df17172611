import {
  errorLine,
  isObject,
  isRequestId,
  type Message,
  parseObject,
  readMessage,
  type ShownId,
  withExactIds,
} from '../link/message.ts';

/** JSON-RPC's codes for a line that is no JSON, and for JSON that is no message. */
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;

/** Windows shells begin what they pipe with it. */
const BYTE_ORDER_MARK = /^\ufeff/;
const MEMBERS = {
  request: ['jsonrpc', 'id', 'method', 'params'],
  response: ['jsonrpc', 'id', 'result', 'error'],
};

/** A message as the server takes it. */
export interface Passed {
  readonly message: Message;
  readonly line: Buffer;
}

/** What a line of the client is: a message, an answer to what is none, a batch of both, or nothing to be answered. */
export type Judged =
  | {readonly passed: Passed}
  | {readonly answer: string}
  | {readonly batch: readonly Judged[]}
  | {readonly nothing: true};

const NOTHING: Judged = {nothing: true};

/** Deeper than anything that is said, and far from what ends a program that goes down it. */
const MAX_DEPTH = 200;

/**
 * Judges a line before the server has it, which drops in silence what does not fit its schemas: anyone who sent a request
 * would wait for ever. What is harmless and only strict readers stumble over is left out of it: members that are
 * `null`, which mean the same as none, and members of the envelope that JSON-RPC does not know.
 */
export function judgeMessage(line: Buffer): Judged {
  const given = line.toString();
  const text = given.replace(BYTE_ORDER_MARK, '');
  if (text.trim() === '') return NOTHING;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      answer: errorLine(null, `This line is no JSON: ${why}. A message is one line of JSON.`, PARSE_ERROR),
    };
  }
  if (!Array.isArray(value)) {
    return judgeValue(value, {line: text === given ? line : undefined, exact: () => withExactIds(text)});
  }
  if (value.length === 0) return refusal(null, 'a batch must have a message in it');
  return {
    batch: value.map((entry, n) => {
      const exact = () => (withExactIds(text) as readonly unknown[])[n];
      return judgeValue(entry, {line: undefined, exact});
    }),
  };
}

/** The answer to what is no message, or is none where it stands. */
export function refusal(id: ShownId, why: string): {readonly answer: string} {
  return {answer: errorLine(id, `This message cannot be taken: ${why}.`, INVALID_REQUEST)};
}

interface Given {
  /** The message as it came; `undefined` where it cannot go on unchanged. */
  readonly line: Buffer | undefined;
  /** The same value, with long ids to the digit. */
  readonly exact: () => unknown;
}

function judgeValue(given: unknown, {line: asGiven, exact}: Given): Judged {
  if (!isObject(given)) return refusal(null, 'it must be an object');
  const value = withNamedParams(given);
  const line = value === given ? asGiven : undefined;
  if (value.method === undefined && ('result' in value || 'error' in value)) return responseOf(value, line);
  const problem = problemOf(value);
  if (problem === undefined) return passed(value, line);
  if (!('id' in value) && typeof value.method === 'string') return notificationOf(value);
  return refusal(shownIdOf(value, exact), problem);
}

/** What keeps a request or a notification from being one. */
function problemOf(value: Record<string, unknown>): string | undefined {
  const {jsonrpc, method, params} = value;
  if (jsonrpc !== '2.0') return 'jsonrpc must be "2.0"';
  if (typeof method !== 'string') return 'method must be a string';
  if ('id' in value && !isWholeId(value.id)) return `id must be ${WHOLE_ID}`;
  if (params === undefined) return undefined;
  if (!isObject(params)) return 'params must be an object, or be left out';
  if (isDeeperThan(MAX_DEPTH, params)) return `params must not have more than ${MAX_DEPTH} levels`;
  const {_meta: meta} = params;
  if (meta === undefined) return undefined;
  if (!isObject(meta)) return 'params._meta must be an object, or be left out';
  const {progressToken} = meta;
  if (progressToken === undefined || isWholeId(progressToken)) return undefined;
  return `params._meta.progressToken must be ${WHOLE_ID}, or be left out`;
}

const WHOLE_ID = `a string, or an integer up to ${Number.MAX_SAFE_INTEGER}`;

/** What a refusal says back. A number that is another one once it was read would be taken for somebody else's. */
function shownIdOf({id}: Record<string, unknown>, exact: () => unknown): ShownId {
  if (!isRequestId(id)) return null;
  if (!Number.isInteger(id) || isWholeId(id)) return id;
  const whole = exact();
  const digits = isObject(whole) ? whole.id : undefined;
  return typeof digits === 'string' ? BigInt(digits) : null;
}

/** Requests that name what they pass on. */
const WITH_ARGUMENTS = ['tools/call', 'prompts/get'];

/**
 * Parameters as objects: some languages write an empty list for an empty object, and some clients the arguments as the
 * text that their model has given.
 */
function withNamedParams(value: Record<string, unknown>): Record<string, unknown> {
  const {method, params} = value;
  if (isEmptyList(params)) return {...value, params: {}};
  if (!isObject(params) || typeof method !== 'string' || !WITH_ARGUMENTS.includes(method)) return value;
  const {arguments: given} = params;
  const named = isEmptyList(given) ? {} : typeof given === 'string' ? parseObject(given || '{}') : undefined;
  return named === undefined ? value : {...value, params: {...params, arguments: named}};
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** A number with a fraction is no id to the server, and one beyond these is another one once it was read. */
function isWholeId(value: unknown): boolean {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

/** A response is never answered: under its id, that would be taken for the answer to a request of the client's. */
function responseOf(value: Record<string, unknown>, line: Buffer | undefined): Judged {
  const {id, result, error, jsonrpc} = value;
  if (!isWholeId(id) || isDeeperThan(MAX_DEPTH, value)) return NOTHING;
  const isWhole = jsonrpc === '2.0' && ('result' in value ? isObject(result) && !('error' in value) : true);
  if (isWhole) return passed(value, line);
  return passed({jsonrpc: '2.0', id, ...(error ? {error} : {result: result ?? {}})}, undefined);
}

/** Nobody waits for an answer to a notification, and most mean the same without what is wrong with them. */
function notificationOf({method, params}: Record<string, unknown>): Judged {
  const isUsable = isObject(params) && !isDeeperThan(MAX_DEPTH, params);
  const mended = {jsonrpc: '2.0', method, ...(isUsable && {params: withoutNulls(params)})};
  return problemOf(mended) === undefined ? passed(mended, undefined) : NOTHING;
}

function passed(value: Record<string, unknown>, line: Buffer | undefined): Judged {
  const members = Object.entries(value);
  const names = 'method' in value ? MEMBERS.request : MEMBERS.response;
  const known = members.filter(([name]) => names.includes(name));
  const kept = known.map(([name, member]) => [name, withoutNulls(member)] as const);
  const isSame = known.length === members.length && kept.every(([, member], n) => member === known[n]?.[1]);
  if (isSame && line !== undefined) return {passed: {message: readMessage(line), line}};
  const mended = Buffer.from(`${JSON.stringify(Object.fromEntries(kept))}\n`);
  return {passed: {message: readMessage(mended), line: mended}};
}

/** The same value where it has no member that is `null`. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(withoutNulls);
    return items.some((item, n) => item !== value[n]) ? items : value;
  }
  if (!isObject(value)) return value;
  const members = Object.entries(value);
  const kept = members.flatMap(([name, member]) => (member === null ? [] : [[name, withoutNulls(member)]]));
  const isSame = kept.length === members.length && kept.every(([, member], n) => member === members[n]?.[1]);
  return isSame ? value : Object.fromEntries(kept);
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member));
}
