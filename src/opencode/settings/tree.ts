import {type BigIntStats, type Dirent, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {Remembered} from './remembered.ts';

/** A tree with more folders has something else in it. It bounds how long a look takes: some milliseconds. */
const MAX_FOLDERS = 500;
const MAX_FILES = 2_000;
/** Full of folders, and rarely of what OpenCode reads: they come last. */
const CROWDED = new Set(['node_modules', '.git', '.venv', 'venv', '__pycache__']);

export interface TreeOptions {
  /** True for the name of a file that OpenCode reads. */
  readonly isWanted: (name: string) => boolean;
  /** Names of folders that are not entered. */
  readonly skip?: readonly string[];
  /** Called with each folder that is looked into. */
  readonly onFolder?: (stats: BigIntStats) => void;
}

const namesIn = new Remembered<readonly Dirent[]>();

/**
 * The files below a folder that OpenCode reads, links followed. The nearest come first, so that in a tree that is too
 * large only the deepest are left out, and nothing outside of it.
 */
export function filesBelow(top: string, {isWanted, skip = [], onFolder}: TreeOptions): readonly string[] {
  const files: string[] = [];
  const seen = new Set<string>();
  const waiting = [top];
  const crowded: string[] = [];
  while (seen.size < MAX_FOLDERS && files.length < MAX_FILES) {
    const folder = waiting.shift() ?? crowded.shift();
    if (folder === undefined) break;
    const stats = statsOf(folder);
    const being = `${stats?.dev} ${stats?.ino}`;
    if (stats?.isDirectory() !== true || seen.has(being)) continue;
    seen.add(being);
    onFolder?.(stats);
    for (const entry of namesIn.get(folder, stats, () => entriesOf(folder))) {
      const path = join(folder, entry.name);
      // A link may lead to a file or to a folder.
      if (!entry.isDirectory() && isWanted(entry.name)) files.push(path);
      if (!(entry.isDirectory() || entry.isSymbolicLink()) || skip.includes(entry.name)) continue;
      (CROWDED.has(entry.name) ? crowded : waiting).push(path);
    }
  }
  return files.slice(0, MAX_FILES);
}

/** `undefined` of what is not there, or cannot be looked at: OpenCode cannot look either. */
export function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, {throwIfNoEntry: false, bigint: true});
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    const entries = readdirSync(folder, {withFileTypes: true});
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
