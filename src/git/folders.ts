import {readdir, readFile, realpath} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import type {Worktree} from '../delegation/model/worktree.ts';
import type {Git} from './git.ts';
import type {HeldFolder} from './held-folder.ts';
import type {Folders} from './repository-git.ts';

/**
 * The folders of a worktree in which somebody may have worked, as they were when it was made.
 * @param held the worktree itself.
 * @throws when they lead elsewhere now: git would take it for another repository.
 */
export async function foldersOf(git: Git, worktree: Worktree, held: HeldFolder): Promise<Folders> {
  const {path, checkout} = worktree;
  const commonDir = worktree.commonDir ?? (await git.at(checkout)).folders.commonDir;
  // Where a crash came between its making and the record, the repository knows it by its path.
  const gitDir = worktree.gitDir ?? (await gitDirOf(commonDir, held.path.toString()));
  if (gitDir === undefined) throw new Error('git does not know it any more');
  const folders = {workTree: path, gitDir, commonDir};
  if (!(await isLinked(folders, held))) {
    throw new Error(
      `${join(path, '.git')}, or the folder of git behind it, is not as it was made, so no git was run there: what changed it could make git run commands. Run none there either, and take what you need as files`,
    );
  }
  return folders;
}

/**
 * The folder of git that a repository has for the worktree at a path; `undefined` where it has none.
 * @param path the real one.
 */
export async function gitDirOf(commonDir: string, path: string): Promise<string | undefined> {
  const folder = join(await realpath(commonDir), 'worktrees');
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if ((await backOf(join(folder, name))) === join(path, '.git')) return join(folder, name);
  }
  return undefined;
}

/** True when a worktree's `.git` leads to its folder, and that leads back and to what is shared. */
async function isLinked({gitDir, commonDir}: Folders, held: HeldFolder): Promise<boolean> {
  try {
    const workTree = held.path.toString();
    const text = await held.file('.git', (file) => file.readFile('utf8'));
    const [, given = ''] = /^gitdir: (.+?)[\r\n]*$/.exec(text) ?? [];
    // Git takes the references from where this says, whatever it is told.
    const shared = (await readFile(join(gitDir, 'commondir'), 'utf8')).trimEnd();
    return (
      (await isSame(resolve(workTree, given), gitDir)) &&
      (await isSame(resolve(gitDir, shared), commonDir)) &&
      (await backOf(gitDir)) === join(workTree, '.git')
    );
  } catch {
    return false;
  }
}

async function isSame(one: string, other: string): Promise<boolean> {
  return (await realpath(one)) === (await realpath(other));
}

/** The `.git` of the worktree that this folder is of. */
async function backOf(gitDir: string): Promise<string | undefined> {
  try {
    const file = resolve(gitDir, (await readFile(join(gitDir, 'gitdir'), 'utf8')).trimEnd());
    return join(await realpath(dirname(file)), '.git');
  } catch {
    return undefined;
  }
}
