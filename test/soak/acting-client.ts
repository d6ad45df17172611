import {setTimeout as pause} from 'node:timers/promises';
import {messageOf} from '../../src/base/errors.ts';
import {type ConnectOptions, connect, type TestClient} from '../support/client.ts';
import {signalEach} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';
import type {Counts} from './counts.ts';
import type {Findings} from './findings.ts';
import type {Random} from './random.ts';

/** A client that could not connect so often in a row will never do so. */
const MAX_ATTEMPTS = 20;

export interface ActingClientOptions {
  readonly name: string;
  readonly findings: Findings;
  readonly counts: Counts;
  readonly random: Random;
  /** Between two calls, at most. */
  readonly pauseMs: number;
  readonly connect: () => Promise<TestClient>;
  /** Calls one tool. */
  readonly act: (client: TestClient) => Promise<void>;
}

/** One MCP client after another, each of which calls tools until its bridge is gone. */
export class ActingClient {
  readonly #options: ActingClientOptions;
  #client: TestClient | undefined;
  #isStopped = false;

  constructor(options: ActingClientOptions) {
    this.#options = options;
  }

  /** True while there is a bridge that can be killed. */
  get isConnected(): boolean {
    return this.#client !== undefined;
  }

  /** Ends its bridge as a crash would; the next call is another client's. False where there is none. */
  kill(): boolean {
    const {pid} = this.#client ?? {};
    this.#client = undefined;
    return pid !== undefined && signalEach([pid], 'SIGKILL');
  }

  /** Resolves when it was stopped and its last call is over. */
  async run(): Promise<void> {
    const {connect: connectOne, act, random, pauseMs} = this.#options;
    let failures = 0;
    while (!this.#isStopped) {
      try {
        this.#client ??= await connectOne();
        failures = 0;
        await act(this.#client);
      } catch (error) {
        failures = this.#failed(error, failures);
      }
      await pause(random.between(0, pauseMs));
    }
    await this.#client?.close().catch(() => {});
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Kills make calls fail. They may not leave a call without an answer, or a client without a host. */
  #failed(error: unknown, failures: number): number {
    const {findings, counts, name} = this.#options;
    const message = messageOf(error);
    counts.add('calls that failed', 1);
    if (/timed out/i.test(message)) findings.broken('stuck', name, message);
    if (this.#client !== undefined && /closed/i.test(message)) {
      counts.add('bridges that ended by themselves', 1);
      this.#client = undefined;
    }
    if (this.#client !== undefined) return 0;
    if (failures + 1 === MAX_ATTEMPTS) findings.broken('stuck', name, `it cannot connect: ${message}`);
    return failures + 1;
  }
}

/** A client whose host has answered. */
export async function connectAnswered(sandbox: Sandbox, options: ConnectOptions): Promise<TestClient> {
  const client = await connect(sandbox, options);
  try {
    await client.tools();
    return client;
  } catch (error) {
    // Its host was killed at that moment. Nobody else would end its bridge, which would be left behind.
    await client.close().catch(() => {});
    throw error;
  }
}
