import {dirname, resolve} from 'node:path';
import {z} from 'zod';
import {homeOf} from '../../base/home.ts';
import type {KnownClient} from './client.ts';
import type {CommandLine} from './ours.ts';

/** All that makes a start as a client does it. */
export interface Launch extends CommandLine {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the entry alone adds to the environment. */
  readonly added: Readonly<Record<string, string>>;
  /** How long the client waits for an answer. */
  readonly waitMs: number;
}

/** What a client does with an entry of its configuration. */
export type EntryStart =
  | {readonly is: 'started'; readonly launch: Launch}
  | {readonly is: 'switched off'}
  /** It has no command, or one that cannot be read. */
  | {readonly is: 'without command'};

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const variables = z.record(z.string(), text).default({});
/** All that the clients know, as no two of them mean different things by one key. */
const entryShape = z.object({
  command: z.union([z.string(), z.array(z.string()).min(1)]),
  args: z.array(z.string()).default([]),
  env: variables,
  environment: variables,
  env_vars: z.array(z.string()).default([]),
  cwd: z.string().optional(),
  enabled: z.boolean().default(true),
  disabled: z.boolean().default(false),
  timeout: z.number().optional(),
  startup_timeout_sec: z.number().optional(),
});

/** How a client starts an entry of one of its files. */
export function startOfEntry(entry: unknown, client: KnownClient, file: string): EntryStart {
  const parsed = entryShape.safeParse(entry);
  if (!parsed.success) return {is: 'without command'};
  const {enabled, disabled, timeout, startup_timeout_sec: seconds, ...given} = parsed.data;
  if (!enabled || disabled) return {is: 'switched off'};
  const {starts, looker} = client;
  const {env, cwd} = looker;
  const expand = expansion(client, file);
  const [command = '', ...args] = [given.command, given.args].flat().map(expand);
  const added = Object.fromEntries(
    Object.entries({...given.env, ...given.environment}).map(([name, value]) => [name, expand(value)]),
  );
  const launch: Launch = {
    ...{command, args, added},
    cwd: given.cwd === undefined ? cwd : resolve(cwd, expand(given.cwd)),
    env: {...passed(env, starts.passes, given.env_vars), ...added},
    waitMs: seconds === undefined ? (timeout ?? starts.waitMs) : seconds * 1_000,
  };
  return {is: 'started', launch};
}

/** A command line with the variables that the client writes out. */
export function writtenOut({command, args}: CommandLine, client: KnownClient, file: string): CommandLine {
  const expand = expansion(client, file);
  return {command: expand(command), args: args.map(expand)};
}

function passed(
  env: NodeJS.ProcessEnv,
  passes: readonly string[] | undefined,
  more: readonly string[],
): NodeJS.ProcessEnv {
  if (passes === undefined) return env;
  const names = [...passes, ...more].filter((name) => env[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

/** A project's file may lie in a folder of the client's. */
function projectOf(path: string, cwd: string): string {
  const folder = dirname(path);
  return cwd.startsWith(dirname(folder)) && /[/\\]\.\w+$/.test(folder) ? dirname(folder) : folder;
}

const BRACES = /\$?\{(?:env:)?(\w+)(?::-([^}]*))?\}/g;
const ALL = /\$?\{(?:env:)?(\w+)(?::-([^}]*))?\}|\$(\w+)/g;

function expansion({starts, looker}: KnownClient, file: string): (text: string) => string {
  if (starts.expands === 'none') return (given) => given;
  const {env, cwd} = looker;
  const known: Readonly<Record<string, string | undefined>> = {
    ...env,
    workspaceFolder: projectOf(file, cwd),
    userHome: homeOf(env),
  };
  return (given) =>
    given.replace(starts.expands === 'all' ? ALL : BRACES, (whole, braced = '', otherwise, bare = '') =>
      String(known[braced || bare] ?? otherwise ?? whole),
    );
}
