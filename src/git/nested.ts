import {lstat} from 'node:fs/promises';
import {join} from 'node:path';
import type {RepositoryGit} from './repository-git.ts';

const REPOSITORY = /^160000 \S+ \d\t(.*)$/s;

/**
 * The submodules, and other repositories of which git knows a commit, that are there. We have made none of them, and
 * an agent may have written what git would run there: they are not asked what has changed.
 */
export async function repositoriesThere(git: RepositoryGit): Promise<readonly string[]> {
  const listed = (await git.run(['ls-files', '--stage', '-z'])).split('\0');
  const names = listed.flatMap((entry) => REPOSITORY.exec(entry)?.[1] ?? []);
  const isThere = await Promise.all(names.map((name) => holdsGit(join(git.folders.workTree, name))));
  return names.filter((_, index) => isThere[index]);
}

/** Whatever `.git` is: also a link that leads nowhere may be somebody's work. */
async function holdsGit(path: string): Promise<boolean> {
  return lstat(join(path, '.git')).then(
    () => true,
    () => false,
  );
}
