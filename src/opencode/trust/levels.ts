import {existsSync} from 'node:fs';
import {join, relative} from 'node:path';
import {realPathSync} from '../../base/real-path.ts';
import {upwards} from '../../base/upwards.ts';

/** All that a directory lies in, itself first: in the tree that it is really in, and in the one that a link to it is in. */
export function levelsOf(directory: string): readonly string[] {
  return [...new Set([...upwards(realPathSync(directory)), ...upwards(directory).map(realPathSync)])];
}

/** The nearest folder with a `.git`; `undefined` of what is in none. */
export function repositoryOf(
  directory: string,
  isThere: (path: string) => boolean = existsSync,
): string | undefined {
  return upwards(realPathSync(directory)).find((folder) => isThere(join(folder, '.git')));
}

/** True for a folder above another one. */
export function isAbove(folder: string, other: string): boolean {
  return /^\.\.(?:[\\/]\.\.)*$/.test(relative(other, folder));
}
