import {readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {dirname, resolve} from 'node:path';
import {type ParseError, parse as parseJson} from 'jsonc-parser';
import {parse as parseToml} from 'toml';
import {z} from 'zod';
import {type ClientFile, type ClientOptions, type KnownClient, OUR_NAME} from './known-clients.ts';

/** How a client starts a server. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the entry alone adds to the environment. */
  readonly added: Readonly<Record<string, string>>;
  /** How long the client waits for an answer. */
  readonly waitMs: number;
}

/** A server of a client's configuration that has our name, or starts us. */
export type Entry =
  | {readonly is: 'started'; readonly launch: Launch}
  | {readonly is: 'switched off'}
  /** It has no command, or one that cannot be read. */
  | {readonly is: 'without command'};

/** What a file of a client's says. */
export type Read =
  | {readonly is: 'read'; readonly entries: readonly Entry[]}
  | {readonly is: 'absent'}
  | {readonly is: 'locked'}
  | {readonly is: 'broken'};

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

/** Reads which servers of a file are ours, by their name or by what they start. */
export function readEntries(client: KnownClient, {path}: ClientFile, options: ClientOptions): Read {
  let written: string;
  try {
    written = readFileSync(path, 'utf8');
  } catch (error) {
    return {is: error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'absent' : 'locked'};
  }
  const value = parseSettings(written, path);
  // Where somebody else's part is broken, it is not for us to say so.
  if (value === undefined) return written.includes(OUR_NAME) ? {is: 'broken'} : {is: 'read', entries: []};
  const named = client.servers.flatMap((keys) => Object.entries(objectOf(at(value, keys))));
  const ours = named.filter(([name, entry]) => name === OUR_NAME || startsUs(entry));
  return {is: 'read', entries: ours.map(([, entry]) => entryOf(entry, client, {...options, path}))};
}

/** The value in a file of JSON with comments, or of TOML; `undefined` where it is neither. */
export function parseSettings(written: string, path: string): unknown {
  if (path.endsWith('.toml')) {
    try {
      return parseToml(written);
    } catch {
      return undefined;
    }
  }
  const errors: ParseError[] = [];
  const value: unknown = parseJson(written, errors, {allowTrailingComma: true});
  return errors.length > 0 ? undefined : value;
}

function at(value: unknown, [key, ...rest]: readonly string[]): unknown {
  return key === undefined ? value : at(objectOf(value)[key], rest);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? {...value} : {};
}

function startsUs(entry: unknown): boolean {
  const {command, args} = objectOf(entry);
  return [command, args].flat().some((word) => typeof word === 'string' && isOurProgram(word));
}

/** True for our name, with a version or within a path. */
export function isOurProgram(word: string): boolean {
  return /(^|[/\\])opencode-delegate(@|$|[/\\])/.test(word);
}

function entryOf(
  entry: unknown,
  client: KnownClient,
  {env, cwd, path}: ClientOptions & {readonly path: string},
): Entry {
  const parsed = entryShape.safeParse(entry);
  if (!parsed.success) return {is: 'without command'};
  const {enabled, disabled, timeout, startup_timeout_sec: seconds, ...given} = parsed.data;
  if (!enabled || disabled) return {is: 'switched off'};
  const expand = expansion(client.expands, {env, folder: projectOf(path, cwd)});
  const [command = '', ...args] = [given.command, given.args].flat().map(expand);
  const added = Object.fromEntries(
    Object.entries({...given.env, ...given.environment}).map(([name, value]) => [name, expand(value)]),
  );
  const launch: Launch = {
    ...{command, args, added},
    cwd: given.cwd === undefined ? cwd : resolve(cwd, expand(given.cwd)),
    env: {...passed(env, client.passes, given.env_vars), ...added},
    waitMs: seconds === undefined ? (timeout ?? client.waitMs) : seconds * 1_000,
  };
  return {is: 'started', launch};
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

function expansion(
  expands: KnownClient['expands'],
  {env, folder}: {readonly env: NodeJS.ProcessEnv; readonly folder: string},
): (text: string) => string {
  if (expands === 'none') return (given) => given;
  const known: Readonly<Record<string, string | undefined>> = {
    ...env,
    workspaceFolder: folder,
    userHome: env.HOME?.trim() || homedir(),
  };
  return (given) =>
    given.replace(expands === 'all' ? ALL : BRACES, (whole, braced = '', otherwise, bare = '') =>
      String(known[braced || bare] ?? otherwise ?? whole),
    );
}
