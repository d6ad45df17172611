import {basename, isAbsolute} from 'node:path';
import {z} from 'zod';
import {dataDirOf} from './base/data-dir.ts';
import {homeOf, NoHomeError} from './base/home.ts';
import {LOG_LEVELS, type LogLevel} from './base/log.ts';
import {NESTED_MARK} from './base/nested.ts';
import {oneLine} from './base/safe-text.ts';
import {costLimit, tokenLimit} from './settings/ceilings.ts';
import {laneLimitsIn} from './settings/lane-limits.ts';
import {type ModelName, modelNamesIn} from './settings/model-names.ts';
import {type PoolSettings, poolSettings, poolVariables} from './settings/pool.ts';

export {NESTED_MARK} from './base/nested.ts';
export {VARIABLES} from './variables.ts';

/** What a person can be told of by a command of their own. */
const PERSON_EVENTS = ['ended', 'failed', 'blocked'] as const;
export type PersonEvent = (typeof PERSON_EVENTS)[number];

const SANDBOX_MODES = ['off', 'on', 'no-network'] as const;

/** What decides how a delegation is run. Each client has its own. */
export interface DelegationSettings {
  readonly binary: string | undefined;
  readonly model: string | undefined;
  /** The names that models can be called by. */
  readonly modelNames: readonly ModelName[];
  /** What a delegation may use at most, and what all of a day may cost. */
  readonly ceilings: Readonly<Record<'costUsd' | 'tokens' | 'dailyCostUsd', number | undefined>>;
  readonly runaway: {readonly maxToolCalls: number; readonly idleMs: number};
  readonly allowSubagents: boolean;
  /** Whether delegations that can write in the same directory run one after the other. */
  readonly serialWriters: boolean;
  /** What becomes of permission requests and questions: for so many milliseconds they are waited on. */
  readonly asking: {readonly on: 'reject'} | {readonly on: 'wait'; readonly ms: number};
  /** Names of the MCP tools that a read-only delegation keeps; they may have wildcards. */
  readonly readOnlyTools: readonly string[];
  /** Whether code that a repository brings runs only once somebody has allowed it. */
  readonly trust: 'ask' | 'all';
  /** What is run when something happens that a person may want to know; absent where nothing is. */
  readonly onEvent?: {readonly command: string; readonly events: readonly PersonEvent[]};
  /** What the sandbox is like that OpenCode runs in, where it does. */
  readonly sandbox: 'on' | 'no-network' | undefined;
  /** The pool that delegations can run in; absent where none is set. */
  readonly pool?: PoolSettings;
}

/** What is decided for all clients of a host, by the first one. */
export interface HostSettings {
  readonly concurrency: number;
  /** How many of one provider (`anthropic`) or one model (`openai/gpt-5`) run at once. */
  readonly limits: ReadonlyMap<string, number>;
  /** How long a host stays that nobody needs. */
  readonly hostIdleMs: number;
  /** How long an OpenCode server stays that nothing needs. */
  readonly serverIdleMs: number;
  readonly logLevel: LogLevel;
}

export interface Config {
  readonly delegation: DelegationSettings;
  readonly host: HostSettings;
  readonly dataDir: string;
  /** True in a delegated agent's own environment. */
  readonly inside: boolean;
}

const text = z
  .string()
  .optional()
  .transform((value) => (value === undefined || value.trim() === '' ? undefined : value.trim()));

const flag = text.pipe(
  z
    .enum(['0', '1', 'false', 'true'], {error: 'must be 1 or 0'})
    .optional()
    .transform((value) => value === '1' || value === 'true'),
);

const numberIfAny = text.transform((value) => (value === undefined ? undefined : Number(value)));

const numberOr = (fallback: number) =>
  text.transform((value) => (value === undefined ? fallback : Number(value)));

const schema = z.object({
  // The host does not run where the client does, so a relative path would lead elsewhere.
  OPENCODE_DELEGATE_BIN: text.pipe(
    z
      .string()
      .refine(
        (value) => isAbsolute(value) || basename(value) === value,
        'must be an absolute path or the name of a command',
      )
      .optional(),
  ),
  OPENCODE_DELEGATE_MODEL: text.pipe(
    z
      .string()
      .regex(/^[^/\s]+\/\S+$/, 'must be written as provider/model')
      .optional(),
  ),
  OPENCODE_DELEGATE_MODELS: text.transform((value, context) =>
    modelNamesIn(value, (problem) => context.addIssue(problem)),
  ),
  OPENCODE_DELEGATE_MAX_COST_USD: numberIfAny.pipe(costLimit.optional()),
  OPENCODE_DELEGATE_DAILY_COST_USD: numberIfAny.pipe(costLimit.optional()),
  OPENCODE_DELEGATE_MAX_TOKENS: numberIfAny.pipe(tokenLimit.optional()),
  OPENCODE_DELEGATE_CONCURRENCY: numberOr(8).pipe(
    z
      .int('must be a whole number from 1 to 100')
      .min(1, 'must be at least 1')
      .max(100, 'must be at most 100'),
  ),
  OPENCODE_DELEGATE_LIMITS: text.transform((value, context) =>
    laneLimitsIn(value, (problem) => context.addIssue(problem)),
  ),
  OPENCODE_DELEGATE_MAX_TOOL_CALLS: numberOr(500).pipe(
    z.int('must be a whole number of calls').min(1, 'must be at least 1'),
  ),
  OPENCODE_DELEGATE_IDLE_MINUTES: numberOr(5).pipe(
    z
      .number('must be a number of minutes')
      .positive('must be more than 0')
      .max(1_440, 'must be at most 1440, which is a day'),
  ),
  OPENCODE_DELEGATE_ALLOW_SUBAGENTS: flag,
  OPENCODE_DELEGATE_SERIAL_WRITERS: flag,
  OPENCODE_DELEGATE_ON_ASK: text.pipe(
    z.enum(['reject', 'wait'], {error: 'must be reject or wait'}).default('reject'),
  ),
  OPENCODE_DELEGATE_ASK_SECONDS: numberOr(120).pipe(
    z
      .number('must be a number of seconds')
      .min(1, 'must be at least 1')
      .max(86_400, 'must be at most 86400, which is a day'),
  ),
  OPENCODE_DELEGATE_READONLY_TOOLS: text
    .transform((value) => (value === undefined ? [] : value.split(',').map((name) => name.trim())))
    .pipe(
      z.array(z.string().regex(/^[\w-]+_[\w*-]+$/, 'must be names of MCP tools, as server_tool or server_*')),
    ),
  OPENCODE_DELEGATE_TRUST: text.pipe(z.enum(['ask', 'all'], {error: 'must be ask or all'}).default('ask')),
  OPENCODE_DELEGATE_SANDBOX: text.pipe(
    z.enum(SANDBOX_MODES, {error: `must be one of ${SANDBOX_MODES.join(', ')}`}).default('off'),
  ),
  ...poolVariables,
  OPENCODE_DELEGATE_ON_EVENT: text,
  OPENCODE_DELEGATE_EVENTS: text
    .transform((value) =>
      value === undefined ? [...PERSON_EVENTS] : value.split(',').map((name) => name.trim()),
    )
    .pipe(z.array(z.enum(PERSON_EVENTS, {error: `must be names of ${PERSON_EVENTS.join(', ')}`}))),
  OPENCODE_DELEGATE_DATA_DIR: text.pipe(z.string().refine(isAbsolute, 'must be an absolute path').optional()),
  OPENCODE_DELEGATE_HOST: text.pipe(z.enum(['on', 'off'], {error: 'must be on or off'}).optional()),
  OPENCODE_DELEGATE_HOST_IDLE_SECONDS: numberOr(60).pipe(
    z
      .number('must be a number of seconds')
      .min(0, 'must be at least 0')
      .max(86_400, 'must be at most 86400, which is a day'),
  ),
  OPENCODE_DELEGATE_SERVER_IDLE_SECONDS: numberOr(300).pipe(
    z
      .number('must be a number of seconds')
      .min(1, 'must be at least 1')
      .max(86_400, 'must be at most 86400, which is a day'),
  ),
  OPENCODE_DELEGATE_LOG: text.pipe(
    z.enum(LOG_LEVELS, {error: `must be one of ${LOG_LEVELS.join(', ')}`}).default('info'),
  ),
});

/** A variable has a value that cannot be used; the message names all of them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads the settings. @throws ConfigError naming every variable that cannot be used, and why. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  checkHome(env);
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({path, message}) => {
      const name = String(path[0]);
      return name === 'OPENCODE_DELEGATE_POOL'
        ? `${name} ${message}`
        : `${name}=${JSON.stringify(env[name])} ${message}`;
    });
    throw new ConfigError(oneLine(`${problems.join('; ')}. Fix these variables and restart.`));
  }
  const given = parsed.data;
  return {
    delegation: delegationSettings(given),
    host: hostSettings(given),
    dataDir: dataDirOf(env),
    inside: (env[NESTED_MARK] ?? '') !== '',
  };
}

function checkHome(env: NodeJS.ProcessEnv): void {
  try {
    homeOf(env);
  } catch (error) {
    throw error instanceof NoHomeError ? new ConfigError(error.message, {cause: error}) : error;
  }
}

type Given = z.output<typeof schema>;

function delegationSettings(given: Given): DelegationSettings {
  return {
    binary: given.OPENCODE_DELEGATE_BIN,
    model: given.OPENCODE_DELEGATE_MODEL,
    modelNames: given.OPENCODE_DELEGATE_MODELS,
    ceilings: {
      costUsd: given.OPENCODE_DELEGATE_MAX_COST_USD,
      tokens: given.OPENCODE_DELEGATE_MAX_TOKENS,
      dailyCostUsd: given.OPENCODE_DELEGATE_DAILY_COST_USD,
    },
    runaway: {
      maxToolCalls: given.OPENCODE_DELEGATE_MAX_TOOL_CALLS,
      idleMs: given.OPENCODE_DELEGATE_IDLE_MINUTES * 60_000,
    },
    serialWriters: given.OPENCODE_DELEGATE_SERIAL_WRITERS,
    readOnlyTools: given.OPENCODE_DELEGATE_READONLY_TOOLS,
    trust: given.OPENCODE_DELEGATE_TRUST,
    sandbox: given.OPENCODE_DELEGATE_SANDBOX === 'off' ? undefined : given.OPENCODE_DELEGATE_SANDBOX,
    allowSubagents: given.OPENCODE_DELEGATE_ALLOW_SUBAGENTS,
    ...(given.OPENCODE_DELEGATE_ON_EVENT !== undefined && {
      onEvent: {command: given.OPENCODE_DELEGATE_ON_EVENT, events: given.OPENCODE_DELEGATE_EVENTS},
    }),
    ...poolSettings(given),
    asking:
      given.OPENCODE_DELEGATE_ON_ASK === 'wait'
        ? {on: 'wait', ms: given.OPENCODE_DELEGATE_ASK_SECONDS * 1_000}
        : {on: 'reject'},
  };
}

function hostSettings(given: Given): HostSettings {
  return {
    concurrency: given.OPENCODE_DELEGATE_CONCURRENCY,
    limits: given.OPENCODE_DELEGATE_LIMITS,
    hostIdleMs: given.OPENCODE_DELEGATE_HOST_IDLE_SECONDS * 1_000,
    serverIdleMs: given.OPENCODE_DELEGATE_SERVER_IDLE_SECONDS * 1_000,
    logLevel: given.OPENCODE_DELEGATE_LOG,
  };
}
