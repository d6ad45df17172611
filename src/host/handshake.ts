import type {Socket} from 'node:net';
import {Lines} from './lines.ts';
import {parseObject} from './message.ts';

/** Counts up when bridge and host of the same package version would no longer understand each other. */
const PROTOCOL = 1;
/** A hello is a few hundred bytes; whoever sends more is no bridge. */
export const MAX_HELLO_BYTES = 64 * 1024;
/** A bridge says hello at once. Only a busy machine makes it take longer than milliseconds. */
export const HELLO_TIMEOUT_MS = 10_000;
/** What a client's environment may tell about it, beyond what is the same for all clients of a host. */
const PASSED_ON = ['OPENCODE_PID'];

/** What a host learns about the client behind a connection. */
export interface Hello {
  readonly version: string;
  /** The working directory of the client. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** `asked` is not a client: somebody wants to know how the host is. */
export type Opening = {readonly kind: 'client'; readonly hello: Hello} | {readonly kind: 'asked'};

export interface HostStatus {
  readonly pid: number;
  readonly connections: number;
  readonly delegations: number;
}

export type HostAnswer =
  | {readonly kind: 'welcome'; readonly pid: number}
  | {readonly kind: 'ending'}
  | {readonly kind: 'status'; readonly status: HostStatus};

export const ASK_LINE = `${JSON.stringify({'opencode-delegate': PROTOCOL, ask: 'status'})}\n`;

export function helloLine({
  version,
  cwd,
  env,
}: {
  version: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
}): string {
  const environment = Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  return `${JSON.stringify({'opencode-delegate': PROTOCOL, version, cwd, environment})}\n`;
}

/** Reads the first line of a connection; `undefined` when it is none that a bridge of ours would send. */
export function parseOpening(line: Buffer): Opening | undefined {
  const value = parseObject(line);
  if (value?.['opencode-delegate'] !== PROTOCOL) return undefined;
  if (value.ask === 'status') return {kind: 'asked'};
  const {version, cwd, environment} = value;
  if (typeof version !== 'string' || typeof cwd !== 'string') return undefined;
  const given = typeof environment === 'object' && environment !== null ? Object.entries(environment) : [];
  const texts = given.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return {kind: 'client', hello: {version, cwd, environment: Object.fromEntries(texts)}};
}

export function answerLine(answer: HostAnswer): string {
  const {kind, ...rest} = answer;
  return `${JSON.stringify({[kind]: true, ...rest})}\n`;
}

/** Reads the host's answer; `undefined` when it is none. */
export function parseAnswer(line: Buffer): HostAnswer | undefined {
  const value = parseObject(line);
  if (value?.ending === true) return {kind: 'ending'};
  if (value?.welcome === true && typeof value.pid === 'number') return {kind: 'welcome', pid: value.pid};
  const status = typeof value?.status === 'object' && value.status !== null ? value.status : {};
  if (!('pid' in status && 'connections' in status && 'delegations' in status)) return undefined;
  const {pid, connections, delegations} = status;
  if (typeof pid !== 'number' || typeof connections !== 'number' || typeof delegations !== 'number')
    return undefined;
  return {kind: 'status', status: {pid, connections, delegations}};
}

/**
 * Resolves with the first line of a connection; what came after it can still be read from the socket.
 * `undefined` when the other side closed, or took too long or too much for it.
 */
export function readFirstLine(socket: Socket, timeoutMs = HELLO_TIMEOUT_MS): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const lines = new Lines({maxBytes: MAX_HELLO_BYTES});
    const settle = (line: Buffer | undefined): void => {
      clearTimeout(timer);
      socket.off('data', read).off('close', fail).off('end', fail).off('error', fail);
      socket.pause();
      resolve(line);
    };
    const fail = () => settle(undefined);
    const read = (chunk: Buffer): void => {
      // Cut at the newline, so that the rest goes back as it came.
      const end = chunk.indexOf('\n') + 1;
      const [line] = lines.push(end === 0 ? chunk : chunk.subarray(0, end));
      if (line === undefined) return;
      settle('bytes' in line ? line.bytes : undefined);
      if (end < chunk.length) socket.unshift(chunk.subarray(end));
    };
    const timer = setTimeout(fail, timeoutMs);
    socket.on('data', read).once('close', fail).once('end', fail).once('error', fail);
  });
}
