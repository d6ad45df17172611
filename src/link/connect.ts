import {connect as connectSocket, type Socket} from 'node:net';
import {setTimeout as pause} from 'node:timers/promises';
import {isHeld} from '../process/lock.ts';
import type {Endpoint} from './endpoint.ts';
import {ASK_LINE, type HostAnswer, parseAnswer, readFirstLine} from './handshake.ts';
import type {Start} from './start.ts';

/** A host is there within a second; on a machine that is busy with twenty of them, within some. */
const DEADLINE_MS = 20_000;
/** Between two looks for a host that is starting: short at first, as it is soon there. */
const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 250;
/** A lock whose owner lives and does not answer for this long is left to a new host to judge. */
const OWNER_PATIENCE_MS = 10_500;

/** No host can be reached; the message says why and what to do. */
export class NoHostError extends Error {
  override readonly name = 'NoHostError';
  /** What the process that needed the host ends with. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface ConnectOptions {
  readonly endpoint: Endpoint;
  /** The line that opens the connection. */
  readonly hello: string;
  /**
   * Starts a host that others may be starting as well; the lock decides which one stays.
   *
   * @param why for its log.
   */
  readonly start: (why: string) => Promise<Start>;
  readonly deadlineMs?: number;
}

/**
 * A connection to the host, which has welcomed us and counts us: it will not end while we are there. Starts a
 * host when there is none.
 * @throws NoHostError when none can be started or none answers in time.
 */
export async function connectToHost({
  endpoint,
  hello,
  start,
  deadlineMs = DEADLINE_MS,
}: ConnectOptions): Promise<Socket> {
  const begun = Date.now();
  let started: Start | undefined;
  try {
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 1.5, LAST_RETRY_MS)) {
      const opened = await open(endpoint.address, hello);
      if (opened?.answer.kind === 'welcome') return opened.socket;
      opened?.socket.destroy();
      if (opened?.answer.kind === 'refused')
        throw new NoHostError(opened.answer.message, opened.answer.exitCode);
      const problem = started?.problem();
      if (problem !== undefined) throw new NoHostError(problem.message, problem.exitCode);
      const waited = Date.now() - begun;
      if (waited > deadlineMs) {
        throw new NoHostError(
          `no host answered at ${endpoint.address} within ${deadlineMs / 1_000} s. ${endpoint.log} may say why; OPENCODE_DELEGATE_HOST=off does without one.`,
        );
      }
      const mayStart = started === undefined || started.hasEnded();
      if (mayStart && (!isHeld(endpoint.lock) || waited > OWNER_PATIENCE_MS)) {
        const why = whyStart({
          isEnding: opened?.answer.kind === 'ending',
          isHeld: isHeld(endpoint.lock),
          isSecond: started !== undefined,
        });
        started?.release();
        started = await start(why);
      }
      await pause(retryMs);
    }
  } finally {
    started?.release();
  }
}

function whyStart({
  isEnding,
  isHeld,
  isSecond,
}: Readonly<Record<'isEnding' | 'isHeld' | 'isSecond', boolean>>): string {
  if (isEnding) return 'the one before was ending';
  if (isHeld) return `the one that has the lock has not answered for ${OWNER_PATIENCE_MS / 1_000} s`;
  return isSecond ? 'the one that was started before it did not stay' : 'none answered';
}

/**
 * A connection to the host at the address, which has welcomed us; `undefined` where none answers, or it ends. Starts none.
 * @throws NoHostError when it refuses us, with its words.
 */
export async function greetHost(address: string, hello: string): Promise<Socket | undefined> {
  const opened = await open(address, hello);
  if (opened === undefined || opened.answer.kind === 'welcome') return opened?.socket;
  opened.socket.destroy();
  if (opened.answer.kind !== 'refused') return undefined;
  throw new NoHostError(opened.answer.message, opened.answer.exitCode);
}

/** Asks the host how it is; `undefined` when none answers. */
export async function askHost(address: string): Promise<HostAnswer | undefined> {
  const opened = await open(address, ASK_LINE);
  opened?.socket.destroy();
  return opened?.answer;
}

/** True when nobody listens at the address. */
export async function isRefused(address: string): Promise<boolean> {
  const socket = await dial(address);
  socket?.destroy();
  return socket === undefined;
}

async function open(
  address: string,
  firstLine: string,
): Promise<{socket: Socket; answer: HostAnswer} | undefined> {
  const socket = await dial(address);
  if (socket === undefined) return undefined;
  socket.write(firstLine);
  const line = await readFirstLine(socket);
  const answer = line === undefined ? undefined : parseAnswer(line);
  if (answer !== undefined) return {socket, answer};
  socket.destroy();
  return undefined;
}

function dial(address: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connectSocket(address);
    // Stays for the life of the socket: an error is always followed by `close`, which is what counts.
    socket.on('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}
