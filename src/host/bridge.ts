import type {Socket} from 'node:net';
import type {Readable, Writable} from 'node:stream';
import type {Logger} from '../log.ts';
import {NoHostError} from './connect.ts';
import {Conversation} from './conversation.ts';
import {answerLine} from './handshake.ts';
import {Lines} from './lines.ts';
import {errorLine, idAtEdge, readMessage} from './message.ts';

/** Just below what the server accepts, so that it is the bridge that refuses, with an answer. */
export const MAX_LINE_BYTES = 10_000_000;
/** What waits for a host or for a slow one. Above it, the client is not read from. */
const MAX_WAITING_BYTES = 1_000_000;
/** How long what the client sent last may take to reach the host when the client has gone. */
const FAREWELL_MS = 1_000;

const TOO_LONG = `A message of more than ${MAX_LINE_BYTES / 1e6} MB is not passed on.`;
const ENDING = Buffer.from(answerLine({kind: 'ending'}));
const LOST =
  'The opencode-delegate host ended during this call. Delegations are not lost: their records are on disk, and a new host takes care of them. Call again; after a delegate call, see with delegation_list whether it was taken.';

export interface BridgeOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Connects to a host, starting one if need be. @throws NoHostError */
  readonly connect: () => Promise<Socket>;
  readonly log: Logger;
}

/**
 * Carries a client's messages to the host and back, unchanged, and on to another host when this one goes away:
 * the client notices nothing but that the calls which were under way fail.
 */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #conversation = new Conversation();
  readonly #fromClient = new Lines({maxBytes: MAX_LINE_BYTES});
  /** Lines of the client that no host has been sent yet. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #socket: Socket | undefined;
  #isConnecting = false;
  /** The socket takes no more for now. */
  #isFull = false;
  #hasServed = false;
  /** The host has said that it ends on purpose. */
  #isDismissed = false;
  #isOver = false;
  #exitCode = 0;
  #finish: (exitCode: number) => void = () => {};

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Resolves with the exit code when the client has gone, or when there is no host to be had at first. */
  run(): Promise<number> {
    const {input, output} = this.#options;
    const finished = new Promise<number>((resolve) => {
      this.#finish = resolve;
    });
    input.on('data', (chunk: Buffer) => this.#read(chunk));
    for (const event of ['end', 'close', 'error']) input.once(event, () => this.end());
    output.on('error', () => this.end());
    void this.#connect();
    return finished;
  }

  /** Ends the bridge and nothing else. Idempotent. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) {
      this.#finish(this.#exitCode);
      return;
    }
    // A call that the client sent as its last word is still carried out.
    const deadline = setTimeout(() => this.#finish(this.#exitCode), FAREWELL_MS);
    if (!this.#conversation.isReopening) for (const line of this.#waiting) socket.write(line);
    socket.end(() => {
      clearTimeout(deadline);
      this.#finish(this.#exitCode);
    });
  }

  #read(chunk: Buffer): void {
    for (const line of this.#fromClient.push(chunk)) {
      if ('tooLong' in line) continue;
      if ('skipped' in line) {
        this.#tell(errorLine(idAtEdge(line.skipped), TOO_LONG));
        continue;
      }
      this.#waiting.push(line.bytes);
      this.#waitingBytes += line.bytes.length;
    }
    this.#pump();
  }

  /** Sends what waits, as far as there is a host and it takes it. */
  #pump(): void {
    const socket = this.#socket;
    while (socket !== undefined && !this.#isFull && !this.#conversation.isReopening) {
      const line = this.#waiting.shift();
      if (line === undefined) break;
      this.#waitingBytes -= line.length;
      if (this.#conversation.fromClient(line)) this.#send(socket, line);
    }
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#options.input.pause();
    else if (!this.#isOver) this.#options.input.resume();
    // After a failure it is the next message that makes us look for a host again.
    if (socket === undefined && this.#waiting.length > 0) void this.#connect();
  }

  #send(socket: Socket, line: Buffer): void {
    if (socket.write(line)) return;
    this.#isFull = true;
    socket.once('drain', () => {
      if (socket !== this.#socket) return;
      this.#isFull = false;
      this.#pump();
    });
  }

  /** One attempt at a time, however many ask. */
  async #connect(): Promise<void> {
    if (this.#isConnecting || this.#isOver) return;
    this.#isConnecting = true;
    try {
      const socket = await this.#options.connect();
      this.#isConnecting = false;
      if (this.#isOver) socket.destroy();
      else this.#serve(socket);
    } catch (error) {
      this.#isConnecting = false;
      this.#giveUp(error);
    }
  }

  #serve(socket: Socket): void {
    if (this.#hasServed) this.#options.log.info('connected to a new host');
    this.#hasServed = true;
    this.#exitCode = 0;
    this.#socket = socket;
    this.#isFull = false;
    // What our own host sends is as long as it is.
    const lines = new Lines({maxBytes: Number.POSITIVE_INFINITY});
    const {initialize, afterwards, unanswered} = this.#conversation.reopen();
    for (const line of [initialize, ...unanswered]) if (line !== undefined) socket.write(line);
    socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        if (!('bytes' in line)) continue;
        if (line.bytes.equals(ENDING)) {
          this.#isDismissed = true;
          continue;
        }
        const wasReopening = this.#conversation.isReopening;
        const shown = this.#conversation.fromHost(line.bytes);
        if (shown !== undefined) this.#tell(shown, socket);
        if (!wasReopening || this.#conversation.isReopening) continue;
        for (const replayed of afterwards) socket.write(replayed);
        this.#pump();
      }
    });
    if (socket.destroyed) {
      this.#lost();
      return;
    }
    socket.once('close', () => this.#lost());
    socket.resume();
    this.#pump();
  }

  #lost(): void {
    this.#socket = undefined;
    if (this.#isOver) return;
    const failed = this.#conversation.lost();
    this.#options.log.warn(`the host went away; ${failed.length} calls were under way`);
    for (const id of failed) this.#tell(errorLine(id, LOST));
    // A host that somebody stopped stays away until it is needed; one that died has work to be carried on.
    const isNeeded = !this.#isDismissed || this.#waiting.length > 0 || this.#conversation.needsHost;
    this.#isDismissed = false;
    if (!isNeeded) return;
    // A host cuts off a client that does not read: the next one would have to do the same.
    if (this.#options.output.writableNeedDrain)
      this.#options.output.once('drain', () => void this.#connect());
    else void this.#connect();
  }

  /** Passes a line to the client; while that takes no more, the host is not read from. */
  #tell(line: Buffer | string, from?: Socket): void {
    const {output} = this.#options;
    if (output.write(line) || from === undefined || from.isPaused()) return;
    from.pause();
    output.once('drain', () => from.resume());
  }

  #giveUp(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.error(message);
    const waiting = this.#waiting.splice(0).map(readMessage);
    const ids = [
      ...this.#conversation.abandon(),
      ...waiting.flatMap((line) => (line.kind === 'request' ? line.id : [])),
    ];
    for (const id of ids) this.#tell(errorLine(id, `opencode-delegate: ${message}`));
    this.#waitingBytes = 0;
    if (this.#hasServed) return;
    this.#exitCode = error instanceof NoHostError ? error.exitCode : 1;
    // A client shows the answer to its request, and seldom our stderr: it gets the chance to ask.
    if (ids.length > 0) this.end();
  }
}
