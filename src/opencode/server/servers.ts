import {contains} from '../../base/contains.ts';
import type {Logger} from '../../base/log.ts';
import {provideIgnoreFiles} from '../sandbox/ignore-files.ts';
import type {SandboxSettings} from '../sandbox/sandbox.ts';
import type {Conceal} from '../secrets/concealed.ts';
import {Secrets} from '../secrets/secrets.ts';
import type {Configuration} from '../settings/configuration-files.ts';
import {OpenCode} from './opencode.ts';

/** A handful: each takes hundreds of megabytes. */
const MAX_SERVERS = 5;
/** Anyone who has just asked for a server is about to use it. */
const SETTLE_MS = 5_000;
const LONGEST_LOOK_MS = 15_000;

/** What an OpenCode server is started with. */
export interface ServerSpec {
  /** Stands for all that is in it. */
  readonly key: string;
  readonly binary: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** True when somebody may answer what agents ask. */
  readonly isAnswered: boolean;
  /** Names of the MCP tools that a read-only session keeps. */
  readonly readOnlyTools: readonly string[];
  /** The folder that it keeps what it writes in, where that is not in the person's place. */
  readonly keptIn?: string;
  /** Absent where it runs as the person's own does. */
  readonly sandbox?: SandboxSettings;
}

/** The servers of one environment: each is started when it is first needed. */
export interface ServerSet {
  readonly opencode: OpenCode;
  /** The one that holds `read-only`. */
  readonly guarded: OpenCode;
  /** The one that is asked about sessions in directories which nobody enters. */
  readonly lookUp: OpenCode;
  /** Takes out of a text what none of them may say. */
  readonly conceal: Conceal;
  /** To be called before one of them looks at a directory. Returns what OpenCode would read there. */
  readonly approach: (directory: string) => Configuration;
}

export interface ServersOptions {
  /** Where servers run: a folder of ours. */
  readonly cwd: string;
  /** Where worktrees of delegations lie. */
  readonly worktrees: string;
  /** How long one stays that nothing needs, in milliseconds. */
  readonly idleMs: number;
  readonly log: Logger;
}

/** The OpenCode servers of this process: as many as there are environments at work, and few that rest. */
export class Servers {
  readonly #options: ServersOptions;
  readonly #sets = new Map<string, ServerSet>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ServersOptions) {
    this.#options = options;
    const every = Math.min(LONGEST_LOOK_MS, options.idleMs / 2);
    this.#timer = setInterval(() => this.#tidy(), every).unref();
  }

  of({key, ...spec}: ServerSpec): ServerSet {
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const {cwd, worktrees, log} = this.#options;
    const secrets = new Secrets(spec.env);
    const conceal = (text: string) => secrets.conceal(text);
    const server = {...spec, cwd, worktrees, log, conceal, onStart: () => this.#tidy()};
    const approach = (directory: string) => {
      const configuration = secrets.learn(directory);
      // In a worktree, OpenCode can write it by itself, and an agent could lead us elsewhere.
      if (spec.sandbox !== undefined && !contains(worktrees, directory)) provideIgnoreFiles(directory);
      return configuration;
    };
    const set = {
      ...{conceal, approach},
      opencode: new OpenCode({...server, use: 'work'}),
      guarded: new OpenCode({...server, use: 'read-only'}),
      lookUp: new OpenCode({...server, use: 'look-up'}),
    };
    this.#sets.set(key, set);
    return set;
  }

  /** How many of these run or start at the moment. */
  running(key: string): number {
    const set = this.#sets.get(key);
    return set === undefined ? 0 : serversOf(set).filter(({isUp}) => isUp).length;
  }

  /** Forgets one of which nothing runs. What uses it still goes on to work. */
  forget(key: string): void {
    if (this.running(key) === 0) this.#sets.delete(key);
  }

  /** Stops those of one environment, and starts none of them any more. Resolves when they are gone. Idempotent. */
  async end(key: string): Promise<void> {
    const set = this.#sets.get(key);
    // Last: where this process ends meanwhile, that waits for them.
    if (set !== undefined) await Promise.all(serversOf(set).map((server) => server.close()));
    this.#sets.delete(key);
  }

  /** Stops all of them and starts none any more. Resolves when they are gone. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#all.map((server) => server.close()));
  }

  get #all(): readonly OpenCode[] {
    return [...this.#sets.values()].flatMap(serversOf);
  }

  /** Ends those that have rested long enough, and the longest rested where there are too many. */
  #tidy(): void {
    const up = this.#all.filter(({isUp}) => isUp);
    const rested = up.map((server) => ({server, ms: server.restedMs})).sort((a, b) => b.ms - a.ms);
    let tooMany = up.length - MAX_SERVERS;
    for (const {server, ms} of rested) {
      if (ms < this.#options.idleMs && !(tooMany > 0 && ms > SETTLE_MS)) continue;
      tooMany -= 1;
      this.#options.log.info(
        `an OpenCode server ends: nothing has needed it for ${Math.round(ms / 1_000)} s`,
      );
      void server.rest();
    }
  }
}

function serversOf({opencode, guarded, lookUp}: ServerSet): readonly OpenCode[] {
  return [opencode, guarded, lookUp];
}
