import type {Delegation} from '../model/delegation.ts';
import type {End} from '../model/end.ts';
import type {Worktrees} from '../model/worktree.ts';

/**
 * Brings home what was done in a delegation's worktree, and adds to the end what became of it. Nothing may work in
 * it any more. An end of a delegation without a worktree stays as it is.
 */
export async function withWorktreeEnd(
  end: End,
  {id, project, title, worktree}: Delegation,
  worktrees: Worktrees,
): Promise<End> {
  if (worktree === undefined) return end;
  const {work} = end.product;
  const result = await worktrees.settle(worktree, {id, project, title, files: work.filesChanged});
  // Git knows all that has changed, whichever tool did it; the transcript knows what tools say they wrote.
  const filesChanged = result.filesChanged ?? work.filesChanged;
  return {...end, worktree: result.worktree, product: {...end.product, work: {...work, filesChanged}}};
}
