import type {Duplex, Readable, Writable} from 'node:stream';
import type {Logger} from '../base/log.ts';
import {NoHostError} from '../link/connect.ts';
import {answerLine} from '../link/handshake.ts';
import {Lines} from '../link/lines.ts';
import {cancelledBy, errorLine, type RequestId} from '../link/message.ts';
import {Batches} from './batches.ts';
import {Conversation} from './conversation.ts';
import {Intake, type Taken} from './intake.ts';
import type {Passed} from './judge.ts';
import {lastWords} from './last-words.ts';
import {requestsIn, UnsentMessages} from './unsent-messages.ts';

/** What waits for a host or for a slow one. Above it, the client is not read from. */
const MAX_WAITING_BYTES = 1_000_000;
/** How long answers may take that are still owed at the end of the client's input. It may be there to read them. */
const LAST_ANSWERS_MS = 5_000;

const ENDING = Buffer.from(answerLine({kind: 'ending'}));
const UNANSWERED = `The client's input has ended, and this call was not answered within ${LAST_ANSWERS_MS / 1_000} s of that. After a delegate call, see with delegation_list whether it was taken.`;
const LOST =
  'The opencode-delegate host ended during this call. Delegations are not lost: their records are on disk, and a new host takes care of them. Call again; after a delegate call, see with delegation_list whether it was taken.';

export interface BridgeOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Connects to a host, starting one if need be. @throws NoHostError */
  readonly connect: () => Promise<Duplex>;
  readonly log: Logger;
}

/**
 * Carries a client's messages to the host and back, unchanged, and on to another host when this one goes away:
 * the client notices nothing but that the calls which were under way fail.
 */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #conversation = new Conversation();
  readonly #intake = new Intake();
  readonly #batches = new Batches();
  readonly #waiting = new UnsentMessages();
  #socket: Duplex | undefined;
  #isConnecting = false;
  /** The socket takes no more for now. */
  #isFull = false;
  #hasServed = false;
  /** The host has said that it ends on purpose. */
  #isDismissed = false;
  #hasInputEnded = false;
  #lastAnswers: NodeJS.Timeout | undefined;
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
    input.on('data', (chunk: Buffer) => this.#take(this.#intake.push(chunk)));
    for (const event of ['end', 'close', 'error']) input.once(event, () => this.#inputEnded());
    output.on('error', () => this.end());
    void this.#connect();
    return finished;
  }

  /** Ends the bridge and nothing else. Idempotent. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#lastAnswers);
    // A call that the client sent as its last word is still carried out.
    const lines = this.#conversation.isReopening ? [] : this.#waiting.lines;
    const {output} = this.#options;
    lastWords({socket: this.#socket, lines, output}, () => this.#finish(this.#exitCode));
  }

  /** The client says nothing more, and may wait for the answers to what it has said: scripts do. */
  #inputEnded(): void {
    if (this.#hasInputEnded) return;
    this.#hasInputEnded = true;
    this.#take(this.#intake.end());
    this.#endWhenAnswered();
  }

  /** To be called whenever an answer less may be owed. */
  #endWhenAnswered(): void {
    if (!this.#hasInputEnded || this.#isOver) return;
    if (this.#owed.length === 0) this.end();
    // Until there is a host, it is the connecting that has a limit.
    else if (this.#socket !== undefined)
      this.#lastAnswers ??= setTimeout(() => {
        for (const id of this.#owed) this.#reply(errorLine(id, UNANSWERED));
        this.end();
      }, LAST_ANSWERS_MS);
  }

  get #owed(): readonly RequestId[] {
    return [...this.#conversation.owed, ...this.#waiting.requests];
  }

  #take(all: readonly Taken[]): void {
    for (const {passed, answers, isBatch} of all) {
      const now = isBatch ? [this.#batches.open(requestsIn(passed), answers)] : answers;
      for (const line of now) if (line !== undefined) this.#tell(line);
      for (const each of passed) this.#queue(each);
    }
    this.#pump();
  }

  #queue(passed: Passed): void {
    const cancelled = cancelledBy(passed);
    if (cancelled === undefined || !this.#cancel(cancelled, passed.line)) this.#waiting.add(passed);
  }

  /** From now on, nothing is answered to the request. True where no host has been sent it. */
  #cancel(id: RequestId, line: Buffer): boolean {
    const rest = this.#batches.cancelled(id);
    if (rest !== undefined) this.#tell(rest);
    if (this.#waiting.cancel(id)) return true;
    this.#conversation.fromClient(line);
    return false;
  }

  /** Sends what waits, as far as there is a host and it takes it. */
  #pump(): void {
    const socket = this.#socket;
    while (socket !== undefined && !this.#isFull && !this.#conversation.isReopening) {
      const line = this.#waiting.next();
      if (line === undefined) break;
      if (this.#conversation.fromClient(line)) this.#send(socket, line);
    }
    if (this.#waiting.bytes > MAX_WAITING_BYTES) this.#options.input.pause();
    else if (!this.#isOver) this.#options.input.resume();
    // After a failure it is the next message that makes us look for a host again.
    if (socket === undefined && !this.#waiting.isEmpty) void this.#connect();
  }

  #send(socket: Duplex, line: Buffer): void {
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

  #serve(socket: Duplex): void {
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
        if (!('bytes' in line) || this.#isOver) continue;
        if (line.bytes.equals(ENDING)) {
          this.#isDismissed = true;
          continue;
        }
        const wasReopening = this.#conversation.isReopening;
        const shown = this.#conversation.fromHost(line.bytes);
        if (shown !== undefined) this.#reply(shown, socket);
        this.#endWhenAnswered();
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
    this.#endWhenAnswered();
  }

  #lost(): void {
    this.#socket = undefined;
    if (this.#isOver) return;
    const failed = this.#conversation.lost();
    this.#options.log.warn(`the host went away; ${failed.length} calls were under way`);
    for (const id of failed) this.#reply(errorLine(id, LOST));
    this.#endWhenAnswered();
    if (this.#isOver) return;
    // A host that somebody stopped stays away until it is needed; one that died has work to be carried on.
    const isNeeded = !this.#isDismissed || !this.#waiting.isEmpty || this.#conversation.needsHost;
    this.#isDismissed = false;
    if (!isNeeded) return;
    // A host cuts off a client that does not read: the next one would have to do the same.
    if (this.#options.output.writableNeedDrain)
      this.#options.output.once('drain', () => void this.#connect());
    else void this.#connect();
  }

  /** Passes a line to the client, save where it is an answer that others have to be there for. */
  #reply(line: Buffer | string, from?: Duplex): void {
    const shown = this.#batches.pass(line);
    if (shown !== undefined) this.#tell(shown, from);
  }

  /** Writes a line to the client; while that takes no more, the host is not read from. */
  #tell(line: Buffer | string, from?: Duplex): void {
    const {output} = this.#options;
    if (output.write(line) || from === undefined || from.isPaused()) return;
    from.pause();
    output.once('drain', () => from.resume());
  }

  #giveUp(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.error(message);
    const ids = [...this.#conversation.abandon(), ...this.#waiting.requests];
    this.#waiting.clear();
    for (const id of ids) this.#reply(errorLine(id, `opencode-delegate: ${message}`));
    this.#endWhenAnswered();
    if (this.#hasServed) return;
    this.#exitCode = error instanceof NoHostError ? error.exitCode : 1;
    // A client shows the answer to its request, and seldom our stderr: it gets the chance to ask.
    if (ids.length > 0) this.end();
  }
}
