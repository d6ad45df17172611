import {messageOf} from '../delegation/errors.ts';
import type {Logger} from '../log.ts';
import {findBinary} from './binary.ts';
import {Connection} from './connection.ts';
import {OpenCodeServer} from './server.ts';

export interface OpenCodeOptions {
  readonly binary: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Where the server runs: a folder of ours. */
  readonly cwd: string;
  /**
   * Whether it can hold `read-only`. That takes a plugin, and OpenCode installs a package of its own into every
   * configuration folder, over the network, before it loads the first one: for this alone no delegation that
   * can do without must wait.
   */
  readonly isGuarded: boolean;
  readonly log: Logger;
  /** True when somebody may answer what agents ask. */
  readonly isAnswered: boolean;
}

/** An OpenCode server of this process: started on the first need, and again when it has died. */
export class OpenCode {
  readonly #options: OpenCodeOptions;
  #connection: Promise<Connection> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: OpenCodeOptions) {
    this.#options = options;
  }

  /**
   * A connection to a living server. Everyone who asks while one starts gets the same.
   * @throws Refusal when OpenCode is not there or cannot start; the next call tries anew.
   */
  async connect(): Promise<Connection> {
    if (this.#closing !== undefined) throw new Error('this server is stopping');
    const known = this.#connection;
    if (known !== undefined) {
      const connection = await known.catch(() => undefined);
      if (connection?.isAlive) return connection;
      if (this.#connection === known) this.#connection = undefined;
    }
    this.#connection ??= this.#start();
    return this.#connection;
  }

  /** Stops the server and starts none any more. Resolves when it is gone. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A start that fails now has nothing left to stop.
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close();
  }

  async #start(): Promise<Connection> {
    const {binary: named, ...options} = this.#options;
    const {env, log} = options;
    try {
      const server = await OpenCodeServer.start({...options, binary: await findBinary({named, env})});
      const connection = new Connection(server, log);
      await connection.ready;
      return connection;
    } catch (error) {
      log.error(messageOf(error));
      throw error;
    }
  }
}
