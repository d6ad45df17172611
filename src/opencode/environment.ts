import {type ParseError, parse} from 'jsonc-parser';
import {INSIDE_MARK} from '../config.ts';
import {Refusal} from '../delegation/errors.ts';

export const SERVER_USERNAME = 'opencode';

/**
 * A session that is caught in a loop has nobody to get it out. doom_loop ignores the rules of a session, so it is
 * denied in the configuration.
 */
const DENIED = {doom_loop: 'deny'};
/** What is denied as well where nobody answers. */
const UNANSWERED = {question: 'deny'};

export interface ServerSettings {
  readonly password: string;
  /** True when somebody may answer what agents ask. */
  readonly isAnswered: boolean;
  /** Whether it loads the guard that `read-only` needs. */
  readonly isGuarded: boolean;
}

/** Set inside of git's hooks: with them, every agent's git would work in that one repository. */
const GIT_PLACES = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
];

/** Holds what rules cannot. It is a plugin: OpenCode loads it, beside those of the user. */
const GUARD = new URL('./read-only/guard.js', import.meta.url).href;

/**
 * The environment of the server that we start: the user's own, with our few settings on top of what the
 * user has in OPENCODE_CONFIG_CONTENT and OPENCODE_PERMISSION.
 * @throws Refusal when one of those two cannot be read.
 */
export function serverEnvironment(
  env: NodeJS.ProcessEnv,
  {password, isAnswered, isGuarded}: ServerSettings,
): NodeJS.ProcessEnv {
  const config = readSetting(env, 'OPENCODE_CONFIG_CONTENT');
  const permission = readSetting(env, 'OPENCODE_PERMISSION');
  return {
    // These describe the OpenCode that launched us, and the git that launched that, not those that we launch.
    ...without(env, ['OPENCODE', 'OPENCODE_PID', ...GIT_PLACES]),
    OPENCODE_SERVER_USERNAME: SERVER_USERNAME,
    OPENCODE_SERVER_PASSWORD: password,
    OPENCODE_CONFIG_CONTENT: JSON.stringify({
      ...config,
      ...(isGuarded && {plugin: [...(Array.isArray(config.plugin) ? config.plugin : []), GUARD]}),
      share: 'disabled',
      autoupdate: false,
      // Undoing a background agent's steps is not offered, and without snapshots sessions start faster.
      snapshot: false,
      // A denial must not end the turn: the agent is to go on, and to answer.
      experimental: {...objectOf(config.experimental), continue_loop_on_deny: true},
    }),
    OPENCODE_PERMISSION: JSON.stringify({...permission, ...DENIED, ...(!isAnswered && UNANSWERED)}),
    [INSIDE_MARK]: '1',
  };
}

function readSetting(env: NodeJS.ProcessEnv, name: string): Record<string, unknown> {
  const text = env[name];
  if (text === undefined || text.trim() === '') return {};
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, {allowTrailingComma: true});
  if (errors.length > 0 || typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(`${name} in the environment is not a JSON object. Mend or unset it, then try again.`);
  }
  return value as Record<string, unknown>;
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function without(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}
