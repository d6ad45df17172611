import {realpath} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {contains} from '../base/contains.ts';
import {realPath} from '../base/real-path.ts';
import {THREE_WORDS} from '../delegation/model/id.ts';
import type {Worktree} from '../delegation/model/worktree.ts';

/**
 * True where the worktree lies where we make them, in `<root>/<project>/<id>`, and its agent works in it. What a record
 * says of a worktree is removed, and committed: another folder must not be.
 */
export async function isOwnPlace({path, directory}: Worktree, root: string): Promise<boolean> {
  const isPlain = path === resolve(path) && directory === resolve(directory);
  if (!isPlain || !THREE_WORDS.test(basename(path)) || !contains(path, directory)) return false;
  const project = dirname(path);
  // A data folder can have two names.
  const [own, theirs] = await Promise.all([realPath(resolve(root)), realPath(resolve(dirname(project)))]);
  return own === theirs;
}

/** Where a worktree lies: the root of all, which no agent can move, and the names below it, which one can exchange. */
export interface Place {
  readonly root: string;
  readonly project: string;
  readonly id: string;
}

/** @param path of a worktree in its own place. */
export function placeOf(path: string): Place {
  const project = dirname(path);
  return {root: dirname(project), project: basename(project), id: basename(path)};
}

/**
 * A folder for what is done with a worktree where no agent is. It lies beside the root, so that folders can be moved
 * from one to the other, and a sandbox does not show it. Nobody makes it here.
 */
export async function workshopOf({root, project}: Pick<Place, 'root' | 'project'>): Promise<string> {
  return join(workshops(await realpath(root)), project);
}

/** The folder that holds those of all projects. */
export function workshops(root: string): string {
  return join(dirname(root), `.${basename(root)}`);
}
