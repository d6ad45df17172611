/**
 * A plugin for the OpenCode server that we start. The rules of a session look at paths as the model writes them,
 * and at patterns of a search rather than what it finds: a link that leads out of the directory, and an `.env`
 * file among the matches, pass them. Here both are stopped. OpenCode's own runtime loads this file, so it imports
 * no package.
 */
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {HIDES_PROJECTS} from '../keeper/handed.ts';
import {type Forbidden, forbidden} from './confine.ts';
import {instructionsIn, withoutInstructions} from './instructions.ts';
import {confineServers, type LocalServerEntry} from './local-servers.ts';
import {areInstructions, isRead, type Result, Seen} from './look-again.ts';
import {GUARD_MARK, type GuardOptions, NO_PROJECT_MARK, READ_ONLY, WITHHELD} from './marks.ts';
import {screenMatches, screenPaths} from './search-output.ts';

interface Call {
  readonly tool: string;
  readonly sessionID: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

interface Input {
  readonly directory: string;
  readonly client: {
    readonly session: {
      get(options: {path: {id: string}}): Promise<{
        readonly data?: {readonly metadata?: Record<string, unknown>};
        readonly error?: unknown;
      }>;
    };
  };
}

interface Config {
  agent?: Record<string, unknown>;
  readonly mcp?: Readonly<Record<string, LocalServerEntry>>;
}

/** What begins with a dot is no project. */
const NEUTRAL = '.empty';

export default {
  id: 'opencode-delegate-guard',
  async server({client, directory}: Input, {tools = []}: GuardOptions = {}) {
    const guard = new Guard(client, directory);
    return {
      // That these stand in the configuration is how the server's owner knows what holds in it.
      config: async (config: Config) => {
        confineServers(config.mcp ?? {}, {tools, neutral: neutralFolder()});
        config.agent = {
          ...config.agent,
          [GUARD_MARK]: {disable: true},
          ...(hidesProjects() && {[NO_PROJECT_MARK]: {disable: true}}),
        };
      },
      'tool.execute.before': (call: Call, {args}: {args: Record<string, unknown>}) =>
        guard.before(call, args),
      'tool.execute.after': (call: Call, result: Result) => guard.after(call, result),
    };
  },
};

/** Below the folder of ours that the server runs in. */
function neutralFolder(): string {
  const folder = join(process.cwd(), NEUTRAL);
  mkdirSync(folder, {recursive: true, mode: 0o700});
  return folder;
}

function hidesProjects(): boolean {
  return Reflect.get(globalThis, Symbol.for(HIDES_PROJECTS)) === true;
}

class Guard {
  readonly #client: Input['client'];
  readonly #directory: string;
  /** Whether a session is read-only never changes. */
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(client: Input['client'], directory: string) {
    this.#client = client;
    this.#directory = directory;
  }

  /** Throws, which the model sees as the tool's failure, when a call of a read-only session must not be. */
  async before({tool, sessionID}: Call, args: Record<string, unknown>): Promise<void> {
    if (!(await this.#isReadOnly(sessionID))) return;
    const path = tool === 'read' ? args.filePath : tool === 'grep' || tool === 'glob' ? args.path : undefined;
    const why = typeof path === 'string' ? this.#why(path) : undefined;
    if (why !== undefined) throw new Error(`${READ_ONLY}: ${path} is ${why}, which must not be read.`);
  }

  /** What was let through is looked at again, with what has come of it: a path may have led elsewhere since. */
  async after({tool, sessionID, args}: Call, result: Result): Promise<void> {
    if (tool === 'read') return this.#afterRead({sessionID, path: args?.filePath}, result);
    const screen = tool === 'grep' ? screenMatches : tool === 'glob' ? screenPaths : undefined;
    if (screen === undefined || !(await this.#isReadOnly(sessionID))) return;
    const seen = new Seen(this.#directory);
    const {output, withheld, count} = screen(result.output, (path, shown) => {
      if (this.#why(path) !== undefined) return true;
      return shown === undefined ? !seen.has(path) : !shown.every((text) => seen.holds(path, text));
    });
    // A name that is not inside is somebody else's: then what was searched is named.
    const searched = typeof args?.path === 'string' ? args.path : this.#directory;
    const named = [...new Set(withheld.map((path) => (seen.has(path) ? path : searched)))];
    result.output = output;
    result.metadata = {
      ...result.metadata,
      ...(tool === 'grep' ? {matches: count} : {count}),
      ...(withheld.length > 0 && {[WITHHELD]: named}),
    };
  }

  async #afterRead({sessionID, path}: {sessionID: string; path: unknown}, result: Result): Promise<void> {
    if (!(await this.#isReadOnly(sessionID))) return;
    if (typeof path !== 'string' || !isRead(result, path, this.#directory)) {
      result.output = `${READ_ONLY}: what was read is withheld. It is not what ${path} holds inside the directory: that has changed, or has led elsewhere, in between. Read it again if you need it.`;
      result.metadata = {truncated: false, [WITHHELD]: [String(path)]};
      delete result.attachments;
      return;
    }
    // An instruction file may be a link, which the model has not named and OpenCode has followed.
    if (areInstructions(result, this.#directory)) return;
    const {metadata} = result;
    result.output = withoutInstructions(result.output);
    result.metadata = {...metadata, loaded: [], [WITHHELD]: instructionsIn(metadata)};
  }

  /** What cannot be found out about a path is taken for the worst. */
  #why(path: string): Forbidden | undefined {
    try {
      return forbidden(path, this.#directory);
    } catch {
      return 'outside the directory';
    }
  }

  #isReadOnly(sessionID: string): Promise<boolean> {
    const known = this.#known.get(sessionID) ?? this.#ask(sessionID);
    this.#known.set(sessionID, known);
    return known;
  }

  async #ask(id: string): Promise<boolean> {
    const {data, error} = await this.#client.session.get({path: {id}});
    // Without an answer nothing may run: the session could be a read-only one.
    if (data === undefined) {
      this.#known.delete(id);
      throw new Error(`${READ_ONLY}: session ${id} could not be looked at: ${JSON.stringify(error)}`);
    }
    return data.metadata?.access === READ_ONLY;
  }
}
