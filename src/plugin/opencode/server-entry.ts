import {accessSync, constants, existsSync, realpathSync} from 'node:fs';
import {basename, delimiter, isAbsolute, join} from 'node:path';
import {NAME} from '../../base/name.ts';
import {STAMP_SECRET} from '../../contract/stamp-secret.ts';
import type {McpEntry, PluginConfiguration} from './hooks.ts';

/** Per request. A read that waits reports progress long before, which gives it as much again. */
const TIMEOUT_MS = 120_000;

/** An MCP server of the configuration that is ours. */
export interface ServerEntry {
  readonly name: string;
  /** What its tools' names begin with. */
  readonly prefix: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface EntryOptions {
  /** The bin beside this plugin, whether or not it is there. */
  readonly main: string;
  readonly env: NodeJS.ProcessEnv;
  /** False when the person wants no entry but their own. */
  readonly mayAdd: boolean;
  /** What this plugin proves itself by to the servers that OpenCode starts. */
  readonly secret: string;
}

/** What there is to say about the entry, if anything. */
export interface Entries {
  readonly ours: readonly ServerEntry[];
  readonly warning?: string;
}

/**
 * Finds the entries that start our server, and adds one where there is none. All are given the secret, in memory: what
 * a person has written is left as it is.
 */
export function provideEntry(
  config: PluginConfiguration,
  {main, env, mayAdd, secret}: EntryOptions,
): Entries {
  const mcp = config.mcp ?? {};
  const own = Object.entries(mcp).filter((named): named is Named => isOurs(named[1], main));
  // An entry of the person's own always wins, also one that only has our name or is switched off.
  const isMissing = own.length === 0 && mayAdd && !(NAME in mcp);
  const {command, warning} = isMissing ? commandFor(main, env) : {};
  const added = {type: 'local', command, enabled: true, timeout: TIMEOUT_MS};
  const ours: readonly Named[] = isMissing ? [[NAME, added]] : own;
  if (ours.length > 0)
    config.mcp = {...mcp, ...Object.fromEntries(ours.map((named) => withSecret(named, secret)))};
  return {ours: ours.map(entryOf), ...(warning !== undefined && {warning})};
}

/** The environment of the first entry that starts our server: what OpenCode adds to its own for it. */
export function environmentOfOurs(
  {mcp = {}}: PluginConfiguration,
  main: string,
): Readonly<Record<string, string>> {
  const ours = Object.entries(mcp).find((named): named is Named => isOurs(named[1], main));
  return ours === undefined ? {} : entryOf(ours).environment;
}

/** An entry as it stands under its name. */
type Named = [name: string, entry: McpEntry];

function withSecret([name, entry]: Named, secret: string): Named {
  const variables = typeof entry.environment === 'object' ? entry.environment : {};
  return [name, {...entry, environment: {...variables, [STAMP_SECRET]: secret}}];
}

function isOurs(entry: unknown, main: string): entry is McpEntry {
  const {command} = (entry ?? {}) as McpEntry;
  if (!Array.isArray(command)) return false;
  return command.some(
    (word) =>
      typeof word === 'string' && (/(^|[/\\])opencode-delegate(@|$|[/\\])/.test(word) || isSame(word, main)),
  );
}

function isSame(path: string, main: string): boolean {
  if (basename(path) !== basename(main)) return false;
  try {
    return realpathSync(path) === realpathSync(main);
  } catch {
    // A path that leads nowhere is not ours.
    return false;
  }
}

/** As OpenCode makes the names of tools. */
function entryOf([name, {environment}]: Named): ServerEntry {
  const variables =
    typeof environment === 'object' && environment !== null ? Object.entries(environment) : [];
  const texts = variables.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return {name, prefix: `${name.replace(/[^a-zA-Z0-9_-]/g, '_')}_`, environment: Object.fromEntries(texts)};
}

/**
 * The process that this runs in is OpenCode itself, so Node has to be found on PATH. Where the bin is not beside us, an
 * installed one is started: npx would start what the repository has of that name.
 */
function commandFor(main: string, env: NodeJS.ProcessEnv): {command: string[]; warning?: string} {
  const isBeside = existsSync(main);
  const program = isBeside ? 'node' : NAME;
  const found = findOnPath(program, env);
  const command = [found ?? program, ...(isBeside ? [main] : [])];
  if (found !== undefined) return {command};
  const cure = isBeside ? 'Install Node 20.19 or later' : `Run \`npm install -g ${NAME}\``;
  return {
    command,
    warning: `${program} was not found on PATH, so delegating is not possible. ${cure}, or start OpenCode where PATH has it.`,
  };
}

/** A folder that is not written as a whole path would be one of the project. */
export function findOnPath(program: string, env: NodeJS.ProcessEnv): string | undefined {
  const extensions = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(isAbsolute);
  return folders
    .flatMap((folder) => extensions.map((extension) => join(folder, `${program}${extension}`)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        // Not there, or not to be run by us.
        return false;
      }
    });
}
