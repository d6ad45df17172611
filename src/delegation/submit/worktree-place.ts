import type {Access} from '../model/access.ts';
import type {Worktree, Worktrees} from '../model/worktree.ts';
import type {DelegateInput} from './input.ts';

/** Where a delegation will work, apart from its directory. */
export interface WorkingPlace {
  readonly worktreeOf: (id: string) => {readonly worktree?: Worktree};
  /** What anyone who delegates should know, in whole sentences. */
  readonly notes: readonly string[];
}

/**
 * Finds out where a delegation will work. Makes nothing.
 * @throws Refusal when it is to have a worktree and none can be made.
 */
export async function workingPlaceOf(
  {access, project, directory, worktree, includeChanges = false}: DelegateInput & {readonly access: Access},
  worktrees: Worktrees,
): Promise<WorkingPlace> {
  if (worktree !== undefined) return {worktreeOf: () => ({worktree}), notes: []};
  if (access !== 'worktree') return {worktreeOf: () => ({}), notes: []};
  const plan = await worktrees.plan(directory, {includeChanges});
  return {worktreeOf: (id) => ({worktree: worktrees.place(plan, {project, id})}), notes: plan.notes};
}
