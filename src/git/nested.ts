import {lstat} from 'node:fs/promises';
import type {RepositoryGit} from './repository-git.ts';

const REPOSITORY = /^160000 \S+ \d\t(.*)$/s;

/**
 * The submodules, and other repositories of which git knows a commit, that are there. We have made none of them, and
 * an agent may have written what git would run there: they are not asked what has changed.
 */
export async function repositoriesThere(git: RepositoryGit): Promise<readonly string[]> {
  const listed = (await git.run(['ls-files', '--stage', '-z'], {encoding: 'latin1'})).split('\0');
  const names = listed.flatMap((entry) => REPOSITORY.exec(entry)?.[1] ?? []);
  const there = await repositoriesAmong(git, names);
  return there.map((name) => Buffer.from(name, 'latin1').toString());
}

/** Those of the paths at which a repository is, whatever git knows there. @param paths in `latin1`. */
export async function repositoriesAmong(
  {folders}: RepositoryGit,
  paths: readonly string[],
): Promise<readonly string[]> {
  const isThere = await Promise.all(paths.map((path) => holdsGit(folders.workTree, path)));
  return paths.filter((_, index) => isThere[index]);
}

/** Whatever `.git` is: also a link that leads nowhere may be somebody's work. */
function holdsGit(workTree: string, path: string): Promise<boolean> {
  return lstat(Buffer.concat([Buffer.from(`${workTree}/`), Buffer.from(`${path}/.git`, 'latin1')])).then(
    () => true,
    () => false,
  );
}
