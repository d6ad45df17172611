import {join} from 'node:path';
import {workshops} from '../../git/own-place.ts';
import {removeAll} from '../travel/remove-all.ts';

/**
 * Removes all worktrees of a project, and what was being made of one when its process was killed: whatever is in them, and
 * also where nothing is in them yet.
 * @param root the folder that the service of a worker makes its worktrees in.
 */
export async function removeWorktreesOf(project: string, root: string): Promise<void> {
  for (const folder of [root, workshops(root)]) await removeAll(join(folder, project));
}
