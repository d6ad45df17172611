import {chmod, copyFile, mkdir, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {exists} from './exists.ts';
import {gitDirOf} from './folders.ts';
import type {Folders, RepositoryGit} from './repository-git.ts';

/** Settings of a worktree that say where its files are: no other worktree's. */
const OF_ONE_WORKTREE = ['core.worktree', 'core.bare'];

export interface Attached {
  /** Where it is made. */
  readonly path: string;
  /** Where it is moved to when it is complete: its real path. Git must find it there. */
  readonly finally: string;
  readonly branch: string;
}

/**
 * Makes a repository know a new worktree, in which no files are checked out yet. It is locked, so that nobody takes it
 * for one whose folder is gone before it is where it is to be.
 * @param at git in the checkout that it is made from.
 */
export async function attach(
  at: RepositoryGit,
  {path, finally: end, branch}: Attached,
  signal: AbortSignal,
): Promise<Folders> {
  const {commonDir, gitDir: from} = at.folders;
  await makeShared(commonDir, 'worktrees');
  await at.run(['worktree', 'add', '--no-checkout', '--lock', '--', path, branch], {signal});
  const gitDir = await gitDirOf(commonDir, path);
  if (gitDir === undefined) throw new Error(`git does not know ${path}, which it has just made`);
  // Git has written down where it found the folder, which was in a stand-in.
  await rm(join(path, '.git'));
  await writeFile(join(path, '.git'), `gitdir: ${gitDir}\n`, {flag: 'wx'});
  await writeFile(join(gitDir, 'gitdir'), `${join(end, '.git')}\n`);
  const folders = {workTree: path, gitDir, commonDir};
  if ((await at.settings({signal})).isPerWorktree) await copySettings(at, from, gitDir);
  return folders;
}

/** As git makes it, for the one who may write to what worktrees share. */
async function makeShared(commonDir: string, name: string): Promise<void> {
  const path = join(commonDir, name);
  if (await exists(path)) return;
  await mkdir(path, {recursive: true});
  await chmod(path, (await stat(join(commonDir, 'refs'))).mode);
}

/** Git copies them itself where its configuration says that there are any: the stand-in does not. */
async function copySettings(at: RepositoryGit, from: string, to: string): Promise<void> {
  const copy = join(to, 'config.worktree');
  if (!(await exists(join(from, 'config.worktree')))) return;
  await copyFile(join(from, 'config.worktree'), copy);
  for (const name of OF_ONE_WORKTREE) await at.ask(['config', '--file', copy, '--unset-all', name]);
}
