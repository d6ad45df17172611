import {basename, dirname, resolve} from 'node:path';
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
