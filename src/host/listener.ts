import {chmodSync, existsSync, renameSync, rmSync} from 'node:fs';
import {createServer, type Server, type Socket} from 'node:net';
import {PassThrough, type Readable, Writable} from 'node:stream';
import type {Logger} from '../base/log.ts';
import type {Endpoint} from '../link/endpoint.ts';
import {answerLine, type Hello, type HostStatus, parseOpening, readFirstLine} from '../link/handshake.ts';
import {removeLeftBehind, unseenSocketIn} from '../link/left-behind.ts';
import {Lines} from '../link/lines.ts';
import type {Lock} from '../process/lock.ts';

/** What a client may leave unread before it is cut off: many of the longest answers. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
/** A little more than a bridge lets through, and less than the protocol's own reader holds. */
const MAX_LINE_BYTES = 10_100_000;

/** Both ends of what a client says and hears. */
export interface Streams {
  readonly input: Readable;
  readonly output: Writable;
}

/** A client that may come in, and what serves it until its connection ends; or why it may not. */
export type Admission =
  | {readonly serve: (streams: Streams) => {close(): Promise<void>}}
  | {readonly refusal: {readonly message: string; readonly exitCode: number}};

export interface ListenerOptions {
  readonly endpoint: Endpoint;
  /** Ours: nobody else touches the socket as long as we have it. */
  readonly lock: Lock;
  readonly version: string;
  readonly admit: (hello: Hello) => Admission;
  /** As `admit`, for one of people's tools, which speaks that version of the control protocol. */
  readonly admitControl: (hello: Hello, control: number) => Admission;
  /** How the host is, for those who ask. */
  readonly status: () => Omit<HostStatus, 'pid' | 'connections'>;
  readonly log: Logger;
}

/** The host's side of all connections. Each one that misbehaves is cut off alone. */
export class Listener {
  readonly #options: ListenerOptions;
  /** More than one when the socket had to be made again. */
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #connections = 0;
  #isClosed = false;

  private constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Listens at the endpoint, in place of a socket that a dead host has left. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await listener.#listen();
    return listener;
  }

  /** Clients that have been welcomed and are still there. */
  get connections(): number {
    return this.#connections;
  }

  /** Welcomes nobody any more and gives up socket and lock, at once. Clients stay connected. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const {endpoint, lock} = this.#options;
    if (process.platform !== 'win32' && lock.isOurs()) rmSync(endpoint.address, {force: true});
    for (const server of this.#servers) server.close();
    // Others may have been started and killed beside this one, and perhaps nobody starts another.
    removeLeftBehind(endpoint);
    lock.release();
  }

  /**
   * Makes lock and socket again where somebody has removed them (what tidies up temporary folders does): a host that
   * cannot be found is started a second time. To be called again and again.
   */
  async heal(): Promise<void> {
    const {endpoint, lock, log} = this.#options;
    if (this.#isClosed || process.platform === 'win32' || !lock.renew()) return;
    if (existsSync(endpoint.address)) return;
    log.warn(`${endpoint.address} was removed, and is made again`);
    await this.#listen();
  }

  /** Ends every connection, and tells that it is on purpose. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.end(answerLine({kind: 'ending'}));
  }

  async #listen(): Promise<void> {
    const {address, socketFolder} = this.#options.endpoint;
    const server = this.#newServer();
    if (process.platform === 'win32') return listening(server, address);
    // Under another name first: it gets its mode before anybody can connect, replaces a stale socket in one
    // step, and Node, which removes the name that it has bound, never removes another host's socket.
    const unseen = unseenSocketIn(socketFolder);
    rmSync(unseen, {force: true});
    await listening(server, unseen);
    chmodSync(unseen, 0o600);
    renameSync(unseen, address);
  }

  #newServer(): Server {
    const server = createServer((socket) => {
      this.#accept(socket).catch((error: unknown) => {
        this.#options.log.error(`connection: ${error instanceof Error ? error.message : error}`);
        socket.destroy();
      });
    });
    this.#servers.push(server);
    return server;
  }

  async #accept(socket: Socket): Promise<void> {
    const {log, version, admit, admitControl} = this.#options;
    // An error is always followed by `close`, which is what counts.
    socket.on('error', (error) => log.debug(`connection: ${error.message}`));
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const line = await readFirstLine(socket);
    const opening = line === undefined ? undefined : parseOpening(line);
    if (socket.destroyed) return;
    if (opening?.kind === 'asked') {
      socket.end(answerLine({kind: 'status', status: this.#status()}));
    } else if (opening === undefined || (opening.kind === 'client' && opening.hello.version !== version)) {
      log.warn('connection: it did not open as a bridge does, and was cut off');
      socket.destroy();
    } else if (this.#isClosed) {
      socket.end(answerLine({kind: 'ending'}));
    } else {
      const {hello} = opening;
      const admission = opening.kind === 'client' ? admit(hello) : admitControl(hello, opening.control);
      if ('serve' in admission) this.#welcome(socket, admission.serve);
      else socket.end(answerLine({kind: 'refused', ...admission.refusal}));
    }
  }

  /** Counts the client before it hears that it is welcome, so that the host does not end under it. */
  #welcome(socket: Socket, serve: (streams: Streams) => {close(): Promise<void>}): void {
    const {log} = this.#options;
    this.#connections++;
    socket.once('close', () => this.#connections--);
    socket.write(answerLine({kind: 'welcome', pid: process.pid}));
    const cutOff = (why: string) => {
      log.warn(`connection: ${why}; it was cut off`);
      socket.destroy();
    };
    const lines = new Lines({maxBytes: MAX_LINE_BYTES});
    // The server may begin to read later than the client to write. It never stops reading.
    const input = new PassThrough();
    socket.on('data', (chunk: Buffer) => {
      if (lines.push(chunk).some((line) => 'tooLong' in line)) cutOff('it sent too long a line');
      else input.write(chunk);
    });
    socket.once('end', () => input.end());
    socket.once('close', () => input.destroy());
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (socket.writableLength + chunk.length > MAX_UNREAD_BYTES) cutOff('it does not read its answers');
        else if (socket.writable) socket.write(chunk);
        done();
      },
    });
    const served = serve({input, output});
    socket.once('close', () => void served.close());
    socket.resume();
  }

  #status(): HostStatus {
    return {pid: process.pid, connections: this.#connections, ...this.#options.status()};
  }
}

function listening(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
