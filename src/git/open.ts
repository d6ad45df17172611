import {lstat, mkdir, rename, rm, rmdir} from 'node:fs/promises';
import {dirname, join, relative} from 'node:path';
import type {Worktree} from '../delegation/model/worktree.ts';
import {attach} from './attach.ts';
import type {Git} from './git.ts';
import {HeldFolder, isNothing} from './held-folder.ts';
import {type Place, placeOf, workshopOf} from './own-place.ts';
import {GitError} from './program.ts';
import type {RepositoryGit} from './repository-git.ts';
import {removeIfEmpty} from './worked-in.ts';

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
 * Makes a worktree of a branch that is there. Resolves with it and its folders of git. The files are checked out where
 * no agent can reach them, and the whole is moved to its place: another agent could exchange a folder for a link while
 * git writes there.
 * @throws when git cannot, or the signal aborts; nothing is left behind then, also no branch that is where it began.
 */
export async function restoreWorktree(git: Git, worktree: Worktree, signal: AbortSignal): Promise<Worktree> {
  await checkFree(worktree);
  const {checkout, path, directory, base, branch} = worktree;
  const place = placeOf(path);
  const project = await projectFolder(place);
  try {
    const workshop = await workshopOf(place);
    await mkdir(workshop, {recursive: true, mode: FOLDER_MODE});
    const making = join(workshop, place.id);
    await rm(making, {recursive: true, force: true, maxRetries: 3});
    const at = await git.at(checkout);
    const end = join(project.path.toString(), place.id);
    const made = await attach(at, {path: making, finally: end, branch}, signal);
    const own = git.inside(made);
    await own.run(['reset', '--quiet', '--hard', '--no-recurse-submodules'], {signal});
    // A sparse checkout may leave out the very folder that the agent is to work in.
    await mkdir(join(making, relative(path, directory)), {recursive: true});
    await own.run(['update-ref', BASE_REF, base], {signal});
    await project.with(place.id, (to) => rename(making, to));
    const {gitDir, commonDir} = made;
    await rm(join(gitDir, 'locked'), {force: true});
    await removeIfEmpty(workshop);
    return {...worktree, gitDir, commonDir};
  } catch (error) {
    await removeWorktree(git, worktree);
    throw error;
  } finally {
    await project.close();
  }
}

/** Makes the folder for the worktrees of a project where it is missing. It must be closed. */
async function projectFolder({root, project}: Place): Promise<HeldFolder> {
  await mkdir(root, {recursive: true, mode: FOLDER_MODE});
  await mkdir(join(root, project), {mode: FOLDER_MODE}).catch(unlessThere);
  return HeldFolder.open(root, [project]);
}

/** Removes a worktree, and its branch where that has moved nowhere. What is not there is no failure. */
export async function removeWorktree(git: Git, {checkout, path, branch, base}: Worktree): Promise<void> {
  const at = await git.at(checkout).catch(whereItFails);
  const place = placeOf(path);
  const workshop = await workshopOf(place);
  const making = join(workshop, place.id);
  // Not by git, which can be led outside by links that are put there meanwhile.
  await removeFrom(place);
  await rm(making, {recursive: true, force: true, maxRetries: 3});
  await removeIfEmpty(workshop);
  // It is locked where its making was broken off.
  for (const known of [path, making]) await at?.ask(['worktree', 'unlock', '--', known]);
  await at?.ask(['worktree', 'prune']);
  // The last one of a project takes the folder with it; it is not empty while there are others.
  await rmdir(dirname(path)).catch(() => {});
  await at?.ask(['update-ref', '-d', `refs/heads/${branch}`, base]);
}

async function removeFrom({root, project, id}: Place): Promise<void> {
  let folder: HeldFolder;
  try {
    folder = await HeldFolder.open(root, [project]);
  } catch (error) {
    if (isNothing(error)) return;
    throw error;
  }
  try {
    await folder.remove(id);
  } finally {
    await folder.close();
  }
}

function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

/** The checkout may be gone, and what we have made is to be removed all the same. */
function whereItFails(error: unknown): undefined {
  if (error instanceof GitError) return undefined;
  throw error;
}

/** What is in the way may be somebody's, and must outlive a failure. */
async function checkFree({path}: Worktree): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    (error: unknown) => !isNothing(error),
  );
  if (isThere) throw new Error(`${path} is there already. Move it away`);
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
