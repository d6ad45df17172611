import {readdirSync, readFileSync, statSync} from 'node:fs';
import {platform} from 'node:os';
import {join} from 'node:path';
import {upwards} from '../../base/upwards.ts';
import {xdgFolder} from '../../base/xdg.ts';
import {digestOf} from '../../environment/digest.ts';
import {meaningOf} from './configuration-meaning.ts';
import {filesReferredTo} from './references.ts';

/** The names of OpenCode's configuration in one of its folders, or in a project's. */
const FILES = ['opencode.json', 'opencode.jsonc'];
const GLOBAL_FILES = [...FILES, 'config.json'];
/** What else it reads in its folders. */
const FOLDERS = [
  'agent',
  'agents',
  'mode',
  'modes',
  'plugin',
  'plugins',
  'command',
  'commands',
  'skill',
  'skills',
];
/** More is no configuration. */
const MAX_ENTRIES = 2_000;

/** What OpenCode reads before it can say what it offers in a directory. */
export interface Configuration {
  /** Each file and folder that is there, with what changes when it does. */
  readonly entries: readonly (readonly [path: string, version: string])[];
  /** When one of them was changed last, in milliseconds since the epoch. */
  readonly changedAt: number;
}

/**
 * Looks at all files that OpenCode takes its configuration for a directory from, with those that they refer to as
 * `{file:…}`, as far as they are known. What comes over a network, and what plugins read, is not among them.
 */
export function configurationOf(directory: string, env: NodeJS.ProcessEnv): Configuration {
  const entries: (readonly [string, string])[] = [];
  let changedAt = 0;
  const look = (path: string, version?: () => string): boolean => {
    const stats = statSync(path, {throwIfNoEntry: false});
    if (stats === undefined || entries.length > MAX_ENTRIES) return false;
    const isReadable = version !== undefined && stats.isFile();
    const own = `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`;
    entries.push([path, (isReadable && tried(version)) || own]);
    changedAt = Math.max(changedAt, stats.mtimeMs);
    return stats.isDirectory();
  };
  const refer = (text: string, path: string): void => {
    for (const file of filesReferredTo(text, {path, env})) tried(() => look(file));
  };
  const read = (path: string): void => {
    tried(() =>
      look(path, () => {
        const text = readFileSync(path, 'utf8');
        refer(text, path);
        return digestOf(meaningOf(text));
      }),
    );
  };
  const walk = (folder: string): void => {
    if (!tried(() => look(folder))) return;
    for (const name of tried(() => readdirSync(folder)) ?? []) walk(join(folder, name));
  };
  for (const file of singleFiles(directory, env)) read(file);
  refer(env.OPENCODE_CONFIG_CONTENT ?? '', join(directory, 'opencode.json'));
  // The folders themselves change whenever OpenCode puts a package of its own there.
  for (const folder of configurationFolders(directory, env)) {
    for (const file of GLOBAL_FILES) read(join(folder, file));
    for (const below of FOLDERS) walk(join(folder, below));
  }
  return {entries, changedAt};
}

function singleFiles(directory: string, env: NodeJS.ProcessEnv): readonly string[] {
  const named = env.OPENCODE_CONFIG?.trim();
  return [
    ...upwards(directory).flatMap((folder) => FILES.map((file) => join(folder, file))),
    join(xdgFolder(env, 'XDG_DATA_HOME'), 'opencode', 'auth.json'),
    ...(named ? [named] : []),
  ];
}

function configurationFolders(directory: string, env: NodeJS.ProcessEnv): readonly string[] {
  const named = env.OPENCODE_CONFIG_DIR?.trim();
  const home = env.HOME?.trim();
  return [
    join(xdgFolder(env, 'XDG_CONFIG_HOME'), 'opencode'),
    ...(home ? [join(home, '.opencode')] : []),
    ...(named ? [named] : []),
    ...managed(env),
    // Last, so that however much there is, what counts everywhere is looked at.
    ...upwards(directory).map((folder) => join(folder, '.opencode')),
  ];
}

/** Where whoever looks after the machine puts what everybody has to have. */
function managed(env: NodeJS.ProcessEnv): readonly string[] {
  switch (platform()) {
    case 'darwin':
      return ['/Library/Application Support/opencode'];
    case 'win32':
      return [join(env.ProgramData ?? 'C:\\ProgramData', 'opencode')];
    default:
      return ['/etc/opencode'];
  }
}

/** `undefined` for what cannot be looked at: OpenCode cannot either. */
function tried<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
