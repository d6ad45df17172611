import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {Arrivals} from './arrivals.ts';
import {BIN, type Sandbox} from './sandbox.ts';

/** A line that the server wrote, as JSON. */
export type Line = Readonly<Record<string, unknown>>;

/** Speaks to the built bin in JSON-RPC lines, without any SDK between. */
export class RawClient {
  readonly #server: ChildProcess;
  readonly #lines = new Arrivals<Line>();
  /** When this resolves, all that it has written is here. */
  readonly #gone: Promise<unknown>;

  constructor(
    {project, env}: Sandbox,
    more: {readonly cwd?: string; readonly env?: Record<string, string>} = {},
  ) {
    this.#server = spawn(process.execPath, [BIN], {
      cwd: more.cwd ?? project,
      env: {...env, ...more.env},
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#gone = once(this.#server, 'close');
    if (this.#server.stdout === null) throw new Error('the server has no output');
    createInterface({input: this.#server.stdout}).on('line', (line) => this.#lines.add(JSON.parse(line)));
  }

  /** Every line so far, in order. */
  get lines(): readonly Line[] {
    return this.#lines.all;
  }

  send(message: Line): void {
    this.write(`${JSON.stringify({jsonrpc: '2.0', ...message})}\n`);
  }

  /** Sends text as it is, whether or not it is a message. */
  write(text: string): void {
    this.#server.stdin?.write(text);
  }

  /** Resolves with the first line, past or to come, that fits. */
  line(fits: (line: Line) => boolean): Promise<Line> {
    return this.#lines.first(fits);
  }

  /** Sends a request and resolves with the answer to it. */
  request(id: number | string, method: string, params: Line): Promise<Line> {
    this.send({id, method, params});
    return this.line((line) => line.id === id);
  }

  /** Ends as a client does: it closes the server's input and waits for it to go. */
  async close(): Promise<void> {
    this.#server.stdin?.end();
    await this.#gone;
  }
}
