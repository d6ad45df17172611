import {realpath} from 'node:fs/promises';
import {join} from 'node:path';
import type {Git} from './git.ts';
import {exists} from './open.ts';

const CHANGES = ['status', '--porcelain', '-z', '--untracked-files=all', '--ignore-submodules=dirty'];
const REPOSITORY = /^160000 \S+ \d\t(.*)$/s;

/**
 * The submodules, and other repositories of which git knows a commit, that have changes inside. Git would look itself,
 * by what an agent may have written into their configurations.
 * @param own the git of the repository around them. @param git one for any repository.
 */
export async function changedRepositories(own: Git, git: Git, path: string): Promise<readonly string[]> {
  const listed = (await own.run(path, ['ls-files', '--stage', '-z'])).split('\0');
  const names = listed.flatMap((entry) => REPOSITORY.exec(entry)?.[1] ?? []);
  const changed: string[] = [];
  for (const name of names) if (await isChanged(git, path, name)) changed.push(name);
  return changed;
}

async function isChanged(git: Git, around: string, name: string): Promise<boolean> {
  const path = join(around, name);
  if (!(await exists(join(path, '.git')))) return false;
  // A link would lead elsewhere, or around in a circle.
  if ((await realpath(path)) !== join(await realpath(around), name)) return true;
  try {
    return (await git.run(path, CHANGES)) !== '' || (await changedRepositories(git, git, path)).length > 0;
  } catch {
    // What cannot be looked at may hold somebody's work.
    return true;
  }
}
