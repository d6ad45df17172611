import {EndingError, messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {SandboxSettings} from '../sandbox/sandbox.ts';
import type {Conceal} from '../secrets/concealed.ts';
import type {Configuration} from '../settings/configuration-files.ts';
import {findBinary} from './binary.ts';
import {Connection} from './connection.ts';
import type {ServerUse} from './environment.ts';
import {OpenCodeServer} from './server.ts';
import {SettingsRead} from './settings-read.ts';

const FOR: Readonly<Record<ServerUse, string>> = {
  work: '',
  'read-only': ' for read-only work',
  'look-up': ' to look something up',
};

export interface OpenCodeOptions {
  readonly binary: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Where the server runs: a folder of ours. */
  readonly cwd: string;
  /** Where worktrees of delegations lie. */
  readonly worktrees: string;
  readonly use: ServerUse;
  /** Names of the MCP tools that a read-only session keeps. */
  readonly readOnlyTools: readonly string[];
  readonly log: Logger;
  /** Takes out of what it says what nobody is to see. */
  readonly conceal: Conceal;
  /** True when somebody may answer what agents ask. */
  readonly isAnswered: boolean;
  /** The folder that it keeps what it writes in, where that is not in the person's place. */
  readonly keptIn?: string;
  /** Absent where it runs as the person's own does. */
  readonly sandbox?: SandboxSettings;
  /** Called when a server is about to start. */
  readonly onStart?: () => void;
}

/** A directory, with what OpenCode's configuration says of it. */
export interface SeenPlace {
  readonly directory: string;
  readonly seen: Configuration;
}

/** An OpenCode server of this process: started on the first need, and again when it has died. */
export class OpenCode {
  readonly #options: OpenCodeOptions;
  #connection: Promise<Connection> | undefined;
  #isStarting = false;
  /** The last one that was there. */
  #current: Connection | undefined;
  /** When it was last in use, on the clock of `performance.now`. */
  #usedAt = 0;
  readonly #holders = new Set<symbol>();
  /** Servers that are replaced, each with those who may still be at work in it. */
  readonly #replaced = new Map<Connection, Set<symbol>>();
  readonly #read = new WeakMap<Connection, SettingsRead>();
  readonly #resting = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(options: OpenCodeOptions) {
    this.#options = options;
  }

  /**
   * A connection to a living server. Everyone who asks while one starts gets the same.
   * @param need what it is needed for, for the log.
   * @throws Refusal when OpenCode is not there or cannot start; the next call tries again.
   */
  async connect(need: string): Promise<Connection> {
    if (this.#closing !== undefined) throw new EndingError();
    this.#usedAt = performance.now();
    const known = this.#connection;
    if (known !== undefined) {
      const connection = await known.catch(() => undefined);
      if (connection?.isAlive) return connection;
      if (this.#connection === known) this.#connection = undefined;
    }
    this.#connection ??= this.#start(need);
    return this.#connection;
  }

  /**
   * As {@link connect}, to a server that has read what OpenCode's configuration says now of a directory. Where it has
   * changed, a new one is started, and the old one ends as soon as nobody is at work in it.
   * @param place.seen what it says, as it was looked at just now.
   */
  async connectFor({directory, seen}: SeenPlace, need: string): Promise<Connection> {
    const {use, cwd, log} = this.#options;
    const connection = await this.connect(need);
    const read = this.#read.get(connection);
    if ((use === 'work' ? read?.isCurrent(directory, seen) : read?.isCurrent(cwd)) !== false)
      return connection;
    if (this.#current === connection) {
      log.info('what OpenCode reads has changed: a new server starts, and the old one ends when it is free');
      this.#connection = undefined;
      this.#current = undefined;
      this.#replaced.set(connection, new Set(this.#holders));
      this.#endFree();
    }
    return this.connect(need);
  }

  /** True where the person's own OpenCode does not know its sessions. */
  get isApart(): boolean {
    return this.#options.sandbox !== undefined;
  }

  /** The connection to the server that answers; `undefined` while none does. */
  get current(): Connection | undefined {
    return this.#current?.isAlive === true ? this.#current : undefined;
  }

  /** True while a server answers. */
  get isServing(): boolean {
    return this.current !== undefined;
  }

  /** True while a server runs or starts. */
  get isUp(): boolean {
    return this.#isStarting || this.isServing;
  }

  /** Keeps it from being taken for one that nothing needs, until the returned function is called, once. */
  hold(): () => void {
    const holder = Symbol();
    this.#holders.add(holder);
    return () => {
      this.#holders.delete(holder);
      for (const atWork of this.#replaced.values()) atWork.delete(holder);
      this.#endFree();
      this.#usedAt = performance.now();
    };
  }

  /** Holds it until the action has settled. */
  async during<T>(action: () => Promise<T>): Promise<T> {
    const letGo = this.hold();
    return action().finally(letGo);
  }

  /** For how many milliseconds nothing has needed it; 0 while somebody holds it. */
  get restedMs(): number {
    if (this.#isStarting || this.#holders.size > 0) this.#usedAt = performance.now();
    return performance.now() - this.#usedAt;
  }

  /** Stops the server; the next need starts another. Resolves when it is gone. */
  rest(): Promise<void> {
    const known = this.#connection;
    this.#connection = undefined;
    this.#current = undefined;
    return this.#end(known);
  }

  #end(connection: Connection | Promise<Connection> | undefined): Promise<void> {
    const resting = Promise.resolve(connection)
      .then((known) => known?.close())
      .catch(() => {})
      .finally(() => this.#resting.delete(resting));
    this.#resting.add(resting);
    return resting;
  }

  #endFree(): void {
    for (const [connection, atWork] of this.#replaced) {
      if (atWork.size > 0) continue;
      this.#replaced.delete(connection);
      void this.#end(connection);
    }
  }

  /** Stops the server and starts none any more. Resolves when it is gone. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A start that fails now has nothing left to stop.
    const connection = await this.#connection?.catch(() => undefined);
    const replaced = [...this.#replaced.keys()].map((old) => old.close());
    await Promise.all([connection?.close(), ...replaced, ...this.#resting]);
  }

  async #start(need: string): Promise<Connection> {
    const {binary: named, onStart, ...options} = this.#options;
    this.#isStarting = true;
    onStart?.();
    const {env, log, cwd, use} = options;
    log.info(`an OpenCode server starts${FOR[use]}: ${need}`);
    try {
      const read = new SettingsRead({env, neutral: cwd});
      const server = await OpenCodeServer.start({...options, binary: await findBinary({named, env})});
      const connection = new Connection(server, log);
      try {
        await connection.ready();
      } catch (error) {
        await connection.close();
        throw error;
      }
      this.#current = connection;
      this.#read.set(connection, read);
      this.#usedAt = performance.now();
      return connection;
    } catch (error) {
      log.error(messageOf(error));
      throw error;
    } finally {
      this.#isStarting = false;
    }
  }
}
