import {existsSync, promises} from 'node:fs';
import type {DelegationHead} from '../../delegation/model/delegation.ts';
import {BY_COMMIT, isEarlierName} from './names.ts';
import type {Earlier} from './note.ts';
import {originOf} from './origin.ts';
import {commonFolderOf, isBare} from './repository.ts';

export interface EarlierOptions {
  /** The folder that holds a folder for each project. */
  readonly root: string;
  /** All records in one of them. */
  readonly heads: (folder: string) => Promise<readonly DelegationHead[]>;
}

/**
 * Finds what earlier versions have put elsewhere of the records of a repository. They had one folder for all repositories
 * with the same first commit, which those made of one template have, so it is looked at where each delegation worked:
 * in this repository, in a clone of it, or, in a folder with some of those, in a directory that is there no more.
 *
 * @throws when what is there cannot be read.
 */
export async function earlierRecordsOf(commonDir: string, {root, heads}: EarlierOptions): Promise<Earlier> {
  const lineage = lineageOf(commonDir);
  const isOurs = (directory: string) => {
    const other = commonFolderOf(directory);
    return other !== undefined && lineageOf(other) === lineage;
  };
  const found: Record<string, string[]> = {};
  for (const folder of await earlierFolders(root)) {
    const directories = [...new Set((await heads(folder)).map(({directory}) => directory))];
    const ours = directories.filter(isOurs);
    if (ours.length === 0) continue;
    const gone = directories.filter((directory) => !existsSync(directory) && !ours.includes(directory));
    found[folder] = BY_COMMIT.test(folder) ? [...ours, ...gone] : ours;
  }
  return found;
}

async function earlierFolders(root: string): Promise<readonly string[]> {
  if (!existsSync(root)) return [];
  const entries = await promises.readdir(root, {withFileTypes: true});
  return entries.filter((entry) => entry.isDirectory() && isEarlierName(entry.name)).map(({name}) => name);
}

/** The same for all clones of a repository. A folder that somebody works in may be a template of its clones. */
function lineageOf(commonDir: string, seen: readonly string[] = []): string {
  const origin = seen.includes(commonDir) ? undefined : originOf(commonDir);
  if (origin === undefined) return commonDir;
  if ('address' in origin) return origin.address;
  return isBare(origin.commonDir) ? lineageOf(origin.commonDir, [...seen, commonDir]) : commonDir;
}
