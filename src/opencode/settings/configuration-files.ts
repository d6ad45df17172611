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
  'tool',
  'tools',
];
/** Folders of other programs whose skills it reads as well. */
const SKILL_FOLDERS = [join('.claude', 'skills'), join('.agents', 'skills')];
/** What lies in these below a skill or a tool is its own affair, and may be thousands of files. */
const UNREAD = new Set(['node_modules', '.git']);
/** More below one folder is no configuration. What lies in the others is looked at all the same. */
const MAX_ENTRIES = 2_000;

/** What OpenCode reads before it can say what it offers in a directory. */
export interface Configuration {
  /** Each file and folder that is there, with what changes when it does. */
  readonly entries: readonly (readonly [path: string, version: string])[];
  /** When one of them was changed last, in milliseconds since the epoch. */
  readonly changedAt: number;
  /** What stands for the content of each file whose next change is sure to be seen by it. */
  readonly stamps: ReadonlyMap<string, string>;
}

/** A file of the configuration as it was read once. */
interface Read {
  readonly stamp: string;
  readonly digest: string;
  readonly refersTo: readonly string[];
}

/**
 * File systems stamp changes with the time of the last kernel tick. A file that was changed as recently as this is read
 * each time: its stamp could stay the same with the next change.
 */
const STAMP_GRAIN_MS = 50;
/** More files than the configurations of the directories that somebody works in have. */
const MAX_READ = 500;

/** What was read for each environment: every delegation has the same files looked at several times. */
const reads = new WeakMap<NodeJS.ProcessEnv, Map<string, Read>>();

/**
 * Looks at all files that OpenCode takes its configuration for a directory from, with those that they refer to as
 * `{file:…}`, as far as they are known. What comes over a network, and what plugins read, is not among them.
 */
export function configurationOf(directory: string, env: NodeJS.ProcessEnv): Configuration {
  const entries: (readonly [string, string])[] = [];
  const stamps = new Map<string, string>();
  const now = Date.now();
  let changedAt = 0;
  const look = (path: string, version?: (stamp: string) => string): boolean => {
    const stats = statSync(path, {throwIfNoEntry: false});
    if (stats === undefined) return false;
    const isReadable = version !== undefined && stats.isFile();
    const own = `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`;
    if (now - stats.ctimeMs > STAMP_GRAIN_MS) stamps.set(path, own);
    entries.push([path, (isReadable && tried(() => version(own))) || own]);
    changedAt = Math.max(changedAt, stats.mtimeMs);
    return stats.isDirectory();
  };
  const refer = (files: readonly string[]): void => {
    for (const file of files) tried(() => look(file));
  };
  const read = (path: string): void => {
    tried(() =>
      look(path, (stamp) => {
        const {digest, refersTo} = readOnce(path, {stamp, isSettled: stamps.has(path), env});
        refer(refersTo);
        return digest;
      }),
    );
  };
  const walk = (folder: string, end = entries.length + MAX_ENTRIES): void => {
    if (entries.length >= end || !tried(() => look(folder))) return;
    for (const name of tried(() => readdirSync(folder)) ?? [])
      if (!UNREAD.has(name)) walk(join(folder, name), end);
  };
  for (const file of singleFiles(directory, env)) read(file);
  refer(filesReferredTo(env.OPENCODE_CONFIG_CONTENT ?? '', {path: join(directory, 'opencode.json'), env}));
  // The folders themselves change whenever OpenCode puts a package of its own there.
  for (const folder of configurationFolders(directory, env)) {
    // Most are not there: then nothing below them is.
    if (!isThere(folder)) continue;
    for (const file of GLOBAL_FILES) read(join(folder, file));
    for (const below of FOLDERS) walk(join(folder, below));
  }
  for (const folder of skillFolders(directory, env)) walk(folder);
  return {entries, changedAt, stamps};
}

/** @throws when it cannot be read. */
function readOnce(
  path: string,
  {stamp, isSettled, env}: {stamp: string; isSettled: boolean; env: NodeJS.ProcessEnv},
): Read {
  const known = reads.get(env) ?? new Map<string, Read>();
  reads.set(env, known);
  const before = known.get(path);
  if (isSettled && before?.stamp === stamp) return before;
  const text = readFileSync(path, 'utf8');
  const read = {stamp, digest: digestOf(meaningOf(text)), refersTo: filesReferredTo(text, {path, env})};
  if (known.size >= MAX_READ) known.clear();
  if (isSettled) known.set(path, read);
  return read;
}

function isThere(path: string): boolean {
  return tried(() => statSync(path, {throwIfNoEntry: false})) !== undefined;
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

function skillFolders(directory: string, env: NodeJS.ProcessEnv): readonly string[] {
  const home = env.HOME?.trim();
  const above = new Set([...(home ? [home] : []), ...upwards(directory)]);
  return [...above].flatMap((folder) => SKILL_FOLDERS.map((skills) => join(folder, skills)));
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
