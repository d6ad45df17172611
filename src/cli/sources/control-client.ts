import type {Socket} from 'node:net';
import {deferred} from '../../base/deferred.ts';
import {Refusal} from '../../base/errors.ts';
import {
  CONTROL_VERSION,
  type ControlAnswer,
  type ControlRequest,
  controlAnswer,
} from '../../control/protocol.ts';
import {connectToHost, greetHost} from '../../link/connect.ts';
import {prepareEndpoint} from '../../link/endpoint.ts';
import {helloLine} from '../../link/handshake.ts';
import {startHost} from '../../link/start.ts';

export interface ControlHello {
  readonly version: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A request without the id that {@link ControlClient} gives it. */
type Asked = ControlRequest extends infer R ? (R extends ControlRequest ? Omit<R, 'id'> : never) : never;

/** The connection went away while something was asked; the message says so. */
export class HostGoneError extends Error {
  override readonly name = 'HostGoneError';
}

/** One of people's tools at the socket of a host. docs/control.md describes what is spoken. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: ControlAnswer | undefined) => void>();
  readonly #closed = deferred<void>();
  #asked = 0;
  #rest = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.once('close', () => {
      for (const tell of this.#waiting.values()) tell(undefined);
      this.#closed.resolve();
    });
    socket.resume();
  }

  /** To the host at an address; `undefined` where none answers. @throws NoHostError when it refuses us. */
  static async at(address: string, hello: ControlHello): Promise<ControlClient | undefined> {
    const socket = await greetHost(address, helloLine({...hello, control: CONTROL_VERSION}));
    return socket && new ControlClient(socket);
  }

  /**
   * To the host of this data folder, which is started where there is none.
   * @param node where Node is, if this process does not run in it.
   * @throws NoHostError.
   */
  static async start(hello: ControlHello, main: string, node = process.execPath): Promise<ControlClient> {
    const endpoint = prepareEndpoint(hello);
    const socket = await connectToHost({
      endpoint,
      hello: helloLine({...hello, control: CONTROL_VERSION}),
      start: async (why) => startHost({main, env: hello.env, why, node}),
    });
    return new ControlClient(socket);
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** @throws Refusal with the host's words; HostGoneError. */
  async ask(request: Asked): Promise<ControlAnswer> {
    for await (const answer of this.follow(request)) return answer;
    throw gone();
  }

  /** Every answer to a request, until the last one. @throws as {@link ask} does. */
  async *follow(request: Asked): AsyncGenerator<ControlAnswer, void> {
    const id = ++this.#asked;
    const answers: (ControlAnswer | undefined)[] = [];
    let wake = deferred<void>();
    this.#waiting.set(id, (answer) => {
      answers.push(answer);
      wake.resolve();
    });
    if (this.#socket.destroyed) answers.push(undefined);
    else this.#socket.write(`${JSON.stringify({...request, id})}\n`);
    try {
      for (;;) {
        if (answers.length === 0) await wake.promise;
        wake = deferred<void>();
        for (const answer of answers.splice(0)) {
          if (answer === undefined) throw gone();
          if (answer.error !== undefined) throw new Refusal(answer.error);
          yield answer;
          if (answer.done) return;
        }
      }
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const answer = controlAnswer.safeParse(parsed(line));
      if (answer.success) this.#waiting.get(answer.data.id)?.(answer.data);
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function gone(): HostGoneError {
  return new HostGoneError('The background process has ended.');
}
