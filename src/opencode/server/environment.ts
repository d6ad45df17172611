import {existsSync} from 'node:fs';
import {type ParseError, parse} from 'jsonc-parser';
import {Refusal} from '../../base/errors.ts';
import {NESTED_MARK} from '../../config.ts';
import {GUARD_URL, KEEPER_FILE} from '../../loaded-by-opencode.ts';
import {
  KEPT_IN_VARIABLE,
  NO_PROJECT_VARIABLE,
  PRELOAD_VARIABLE,
  WORKTREES_VARIABLE,
} from '../keeper/handed.ts';
import type {GuardOptions} from '../read-only/marks.ts';
import {passwordVariables, type ServerPassword} from './password.ts';

/**
 * A session that is caught in a loop has nobody to get it out. doom_loop ignores the rules of a session, so it is
 * denied in the configuration.
 */
const DENIED = {doom_loop: 'deny'};
/** What is denied as well where nobody answers. */
const UNANSWERED = {question: 'deny'};

/** Has OpenCode load no plugins. */
const NO_PLUGINS_VARIABLE = 'OPENCODE_PURE';

/** Language servers and formatters are started from what a project has installed, and load what it has written. */
const NOTHING_OF_PROJECTS = {lsp: false, formatter: false};

/**
 * What a server is for:
 * - `work`: agents that may write. It loads what a project brings.
 * - `read-only`: it holds that, by the guard, and loads nothing that a project brings. That takes a plugin, and OpenCode
 *   installs a package of its own into every configuration folder, over the network, before it loads the first one: for
 *   this alone no delegation that can do without must wait.
 * - `look-up`: nothing works in it. It says what is stored of sessions, and loads no plugin and nothing of a project.
 */
export type ServerUse = 'work' | 'read-only' | 'look-up';

export interface ServerSettings {
  /** Where worktrees of delegations lie. */
  readonly worktrees: string;
  readonly password: ServerPassword;
  /** True when somebody may answer what agents ask. */
  readonly isAnswered: boolean;
  readonly use: ServerUse;
  /** Names of the MCP tools that a read-only session keeps. */
  readonly readOnlyTools: readonly string[];
  /** Where it keeps what it writes, where that is not in the person's place. */
  readonly keptIn?: string | undefined;
  /** What runs the commands of agents, where that is not the person's shell. */
  readonly shell?: string | undefined;
}

/**
 * The environment of the server that we start: that of its client's agents, with our few settings on top of what the
 * user has in OPENCODE_CONFIG_CONTENT and OPENCODE_PERMISSION.
 * @throws Refusal when one of those two cannot be read.
 */
export function serverEnvironment(
  env: NodeJS.ProcessEnv,
  {worktrees, password, isAnswered, use, readOnlyTools, keptIn, shell}: ServerSettings,
): NodeJS.ProcessEnv {
  const config = readSetting(env, 'OPENCODE_CONFIG_CONTENT');
  const guard: [string, GuardOptions] = [GUARD_URL, {tools: readOnlyTools}];
  const permission = readSetting(env, 'OPENCODE_PERMISSION');
  return {
    ...env,
    ...passwordVariables(password),
    // An update may have taken the package away from under a process that still runs.
    ...(existsSync(KEEPER_FILE) && {[PRELOAD_VARIABLE]: KEEPER_FILE, [WORKTREES_VARIABLE]: worktrees}),
    ...(keptIn !== undefined && {[KEPT_IN_VARIABLE]: keptIn}),
    OPENCODE_CONFIG_CONTENT: JSON.stringify({
      ...config,
      ...(use !== 'work' && NOTHING_OF_PROJECTS),
      ...(use === 'read-only' && {
        plugin: [...(Array.isArray(config.plugin) ? config.plugin : []), guard],
      }),
      ...(shell !== undefined && {shell}),
      share: 'disabled',
      autoupdate: false,
      // Undoing a background agent's steps is not offered, and without snapshots sessions start faster.
      snapshot: false,
      // A denial must not end the turn: the agent is to go on, and to answer.
      experimental: {...objectOf(config.experimental), continue_loop_on_deny: true},
    }),
    OPENCODE_PERMISSION: JSON.stringify({...permission, ...DENIED, ...(!isAnswered && UNANSWERED)}),
    ...(use !== 'work' && {[NO_PROJECT_VARIABLE]: '1'}),
    ...(use === 'look-up' && {[NO_PLUGINS_VARIABLE]: '1'}),
    [NESTED_MARK]: '1',
  };
}

function readSetting(env: NodeJS.ProcessEnv, name: string): Record<string, unknown> {
  const text = env[name];
  if (text === undefined || text.trim() === '') return {};
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, {allowTrailingComma: true});
  if (errors.length > 0 || typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(`${name} in the environment is not a JSON object. Fix or unset it, then try again.`);
  }
  return value as Record<string, unknown>;
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
