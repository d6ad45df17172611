import {mkdir, rm, rmdir} from 'node:fs/promises';
import {dirname} from 'node:path';
import type {Worktree} from '../delegation/model/worktree.ts';
import {attach} from './attach.ts';
import {exists} from './exists.ts';
import type {Git} from './git.ts';
import {GitError} from './program.ts';
import type {RepositoryGit} from './repository-git.ts';

/**
 * A ref that each worktree has for itself: the commit that it started from. It is set when all files are there;
 * without it, nobody has worked in it yet.
 */
export const BASE_REF = 'refs/worktree/delegation-base';
const FOLDER_MODE = 0o700;
/** A name may be taken by a delegation of an earlier life of the repository. */
const NAME_ATTEMPTS = 20;

/**
 * Makes a worktree on a branch of its own, under the next free name.
 * @throws when git cannot, or the signal aborts; nothing is left behind then.
 */
export async function makeWorktree(git: Git, worktree: Worktree, signal: AbortSignal): Promise<Worktree> {
  await checkFree(worktree);
  const at = await git.at(worktree.checkout);
  const branch = await freeName(at, worktree);
  const made = {...worktree, branch};
  // Not by the command that makes the worktree: where that fails after it has made the branch, it cannot be repeated.
  await at.run(['update-ref', `refs/heads/${branch}`, worktree.base, '']);
  return restoreWorktree(git, made, signal);
}

/**
 * Makes a worktree of a branch that is there. Resolves with it and its folders of git.
 * @throws when git cannot, or the signal aborts; nothing is left behind then, also no branch that is where it began.
 */
export async function restoreWorktree(git: Git, worktree: Worktree, signal: AbortSignal): Promise<Worktree> {
  await checkFree(worktree);
  const {checkout, path, directory, base} = worktree;
  await mkdir(dirname(path), {recursive: true, mode: FOLDER_MODE});
  try {
    const folders = await attach(await git.at(checkout), worktree, signal);
    const own = git.inside(folders);
    await own.run(['reset', '--quiet', '--hard', '--no-recurse-submodules'], {signal});
    // A sparse checkout may leave out the very folder that the agent is to work in.
    await mkdir(directory, {recursive: true});
    await own.run(['update-ref', BASE_REF, base], {signal});
    const {gitDir, commonDir} = folders;
    return {...worktree, gitDir, commonDir};
  } catch (error) {
    await removeWorktree(git, worktree);
    throw error;
  }
}

/** Removes a worktree, and its branch where that has moved nowhere. What is not there is no failure. */
export async function removeWorktree(git: Git, {checkout, path, branch, base}: Worktree): Promise<void> {
  const at = await git.at(checkout).catch(whereItFails);
  // Twice forced: it may have changes that nobody made, and be locked, when its making was broken off.
  await at?.ask(['worktree', 'remove', '--force', '--force', '--', path]);
  await rm(path, {recursive: true, force: true, maxRetries: 3});
  await at?.ask(['worktree', 'prune']);
  // The last one of a project takes the folder with it; it is not empty while there are others.
  await rmdir(dirname(path)).catch(() => {});
  await at?.ask(['update-ref', '-d', `refs/heads/${branch}`, base]);
}

/** The checkout may be gone, and what we have made is to be removed all the same. */
function whereItFails(error: unknown): undefined {
  if (error instanceof GitError) return undefined;
  throw error;
}

/** What is in the way may be somebody's, and must outlive a failure. */
async function checkFree({path}: Worktree): Promise<void> {
  if (await exists(path)) throw new Error(`${path} is there already. Move it away`);
}

async function freeName(git: RepositoryGit, {branch}: Worktree): Promise<string> {
  for (let n = 1; n <= NAME_ATTEMPTS; n++) {
    const name = n === 1 ? branch : `${branch}-${n}`;
    if (!(await hasBranch(git, name))) return name;
  }
  throw new Error(`the repository has ${NAME_ATTEMPTS} branches of the name ${branch}; remove some`);
}

export async function hasBranch(git: RepositoryGit, branch: string): Promise<boolean> {
  return (await git.ask(['show-ref', '--verify', '--quiet', `refs/heads/${branch}`])) !== undefined;
}
