import {basename} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {timeLimit} from '../../base/time-limit.ts';
import {GUARD_URL} from '../../loaded-by-opencode.ts';
import type {OpenSession} from '../session/open-session.ts';
import {dataOf} from '../wire/answer.ts';
import type {OpenCodeEvent} from '../wire/events.ts';

/** A step that has not begun after this time is looked at. */
const LOOK_MS = 5_000;
/** OpenCode answers this at once, unless it waits for the very thing that is asked about. */
const ANSWER_MS = 3_000;

/** What OpenCode waits for before it asks the model. */
export interface Wait {
  /** In a few words. */
  readonly words: string;
  /** True where it is known that the model has nothing to do with it. */
  readonly isOthers: boolean;
}

export interface BeginningOptions {
  readonly session: OpenSession;
  readonly log: Logger;
  /** Told at each look; `undefined` when the step has begun, or nothing but the model is known to be waited for. */
  readonly onWait: (wait: Wait | undefined) => void;
}

/**
 * Finds out what keeps a step of the agent from beginning. Before OpenCode asks the model it runs the hooks of the
 * person's plugins, and before the first step it waits until each of their MCP servers has started or 30 s are over: no
 * event tells of that.
 */
export class Beginning {
  readonly #options: BeginningOptions;
  #isStored = false;
  #isClosed = false;
  /** Set while a step is waited for. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BeginningOptions) {
    this.#options = options;
  }

  /** The server has taken the prompt. */
  prompted(): void {
    this.#await();
  }

  /** One of this session. */
  event(event: OpenCodeEvent): void {
    if (event.type === 'message.updated' && event.properties.info.role === 'user') this.#isStored = true;
    const part = event.type === 'message.part.updated' ? event.properties.part.type : undefined;
    const isRefused = event.type === 'session.error' || event.type === 'session.idle';
    const isRetried = event.type === 'session.status' && event.properties.status.type === 'retry';
    if (part === 'step-start' || isRefused || isRetried) this.#begun();
    // After the last one, the session becomes idle at once.
    if (part === 'step-finish') this.#await();
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #begun(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isClosed) this.#options.onWait(undefined);
  }

  #await(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    const timer = setTimeout(() => {
      void this.#look().then((wait) => {
        if (this.#timer !== timer) return;
        if (!this.#isClosed) this.#options.onWait(wait);
        this.#await();
      });
    }, LOOK_MS);
    this.#timer = timer;
  }

  /** Never rejects. */
  async #look(): Promise<Wait | undefined> {
    const {mcp, plugins} = await this.#configured();
    if (mcp.length > 0 && !(await this.#haveStarted())) {
      return {
        words: `waiting for the MCP servers of OpenCode's configuration: ${mcp.join(', ')}`,
        isOthers: true,
      };
    }
    const hooks = plugins.length > 0 && `a hook of a plugin that does not return (${plugins.join(', ')})`;
    if (!this.#isStored) {
      const why = hooks === false ? '' : `, as with ${hooks}`;
      return {words: `OpenCode has not taken up the prompt${why}`, isOthers: hooks !== false};
    }
    return hooks === false ? undefined : {words: `waiting for the model, or for ${hooks}`, isOthers: false};
  }

  async #configured(): Promise<{readonly mcp: readonly string[]; readonly plugins: readonly string[]}> {
    const {connection, directory} = this.#options.session;
    const {signal, clear} = timeLimit(ANSWER_MS);
    try {
      const {mcp = {}, plugin = []} = await dataOf(connection.client.config.get({directory}, {signal}));
      const names = plugin.map((one) => (typeof one === 'string' ? one : one[0]));
      const others = names.filter((name) => name !== GUARD_URL);
      return {
        mcp: Object.entries(mcp).flatMap(([name, {enabled}]) => (enabled === false ? [] : [name])),
        plugins: others.map((name) => (name.startsWith('file:') ? basename(name) : name)),
      };
    } catch (error) {
      this.#options.log.debug(`what OpenCode is configured with: ${messageOf(error)}`);
      return {mcp: [], plugins: []};
    } finally {
      clear();
    }
  }

  /** OpenCode answers for none of them before all have started, or failed to. */
  async #haveStarted(): Promise<boolean> {
    const {connection, directory} = this.#options.session;
    const {signal, clear} = timeLimit(ANSWER_MS);
    try {
      await dataOf(connection.client.mcp.status({directory}, {signal}));
      return true;
    } catch {
      // A server that refuses does not wait.
      return !signal.aborted;
    } finally {
      clear();
    }
  }
}
