import type {Socket} from 'node:net';
import {NAME} from '../base/name.ts';
import {Lines} from './lines.ts';
import {parseObject} from './message.ts';

/** Counts up when bridge and host of the same package version would no longer understand each other. */
const PROTOCOL = 2;
/** More than an environment can have: systems limit what a program is started with to 2 MB or less. */
const MAX_HELLO_BYTES = 4 * 1024 * 1024;
/** A bridge says hello at once. Only a busy machine makes it take longer than milliseconds. */
const HELLO_TIMEOUT_MS = 10_000;
/** What a host learns about the client behind a connection. */
export interface Hello {
  readonly version: string;
  /** The working directory of the client. */
  readonly cwd: string;
  /** The client's environment, whole: its agents are to see it. It is kept in memory only. */
  readonly env: Readonly<Record<string, string>>;
}

/** `asked` is not a client: somebody wants to know how the host is. */
export type Opening =
  | {readonly kind: 'client'; readonly hello: Hello}
  /** One of people's tools, which speaks this version of the control protocol. */
  | {readonly kind: 'control'; readonly control: number; readonly hello: Hello}
  | {readonly kind: 'asked'};

/** One of the environments that a host works in. */
export interface EnvironmentStatus {
  readonly clients: number;
  /** How many have not ended. */
  readonly delegations: number;
  /** How many OpenCode servers run in it. */
  readonly servers: number;
  /** The names of the variables in which it differs from the first one. */
  readonly differsIn: readonly string[];
}

export interface HostStatus {
  readonly pid: number;
  readonly connections: number;
  /** How many have not ended. */
  readonly delegations: number;
  /** How many of them run on other machines, and go on without this process. */
  readonly elsewhere: number;
  readonly dataDir: string;
  readonly environments: readonly EnvironmentStatus[];
}

export type HostAnswer =
  | {readonly kind: 'welcome'; readonly pid: number}
  | {readonly kind: 'ending'}
  /** The client's settings cannot be used: what to mend, and the exit code. */
  | {readonly kind: 'refused'; readonly message: string; readonly exitCode: number}
  | {readonly kind: 'status'; readonly status: HostStatus};

export const ASK_LINE = `${JSON.stringify({[NAME]: PROTOCOL, ask: 'status'})}\n`;

export function helloLine({
  version,
  cwd,
  env,
  control,
}: {
  version: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** The version of the control protocol; absent where MCP is to be spoken. */
  control?: number;
}): string {
  return `${JSON.stringify({[NAME]: PROTOCOL, version, cwd, env, control})}\n`;
}

/** Reads the first line of a connection; `undefined` when it is none that a bridge of ours would send. */
export function parseOpening(line: Buffer): Opening | undefined {
  const value = parseObject(line);
  if (value?.[NAME] !== PROTOCOL) return undefined;
  if (value.ask === 'status') return {kind: 'asked'};
  const {version, cwd, env, control} = value;
  if (typeof version !== 'string' || typeof cwd !== 'string') return undefined;
  const given = typeof env === 'object' && env !== null ? Object.entries(env) : [];
  const texts = given.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const hello = {version, cwd, env: Object.fromEntries(texts)};
  return typeof control === 'number' ? {kind: 'control', control, hello} : {kind: 'client', hello};
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
  if (value?.refused === true && typeof value.message === 'string') {
    const {message, exitCode} = value;
    return {kind: 'refused', message, exitCode: typeof exitCode === 'number' ? exitCode : 1};
  }
  return isStatus(value?.status) ? {kind: 'status', status: value.status} : undefined;
}

/** A host of the same protocol says all of it. */
function isStatus(value: unknown): value is HostStatus {
  if (typeof value !== 'object' || value === null) return false;
  return 'pid' in value && typeof value.pid === 'number' && 'environments' in value;
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
