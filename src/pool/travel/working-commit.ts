import {committerOf} from '../../git/committer.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {type Scratch, snapshot} from '../../git/scratch.ts';
import type {Stageable} from '../../git/worked-in.ts';

/** A commit of what was in a working tree. */
export interface WorkingCommit {
  readonly commit: string;
  /** False where nothing differs from the commit that is checked out: `commit` is that one then. */
  readonly isNew: boolean;
  /** What git has refused to take: paths in `latin1`. */
  readonly leftOut: readonly string[];
}

/**
 * Makes a commit of what is in a working tree, on top of the one that is checked out. It exists in the scratch alone: no
 * object, ref or index of the repository changes, and no hook runs.
 */
export async function commitWorkingTree(
  {worktree, scratch, head}: {worktree: Stageable; scratch: Scratch; head: string},
  message: string,
): Promise<WorkingCommit> {
  const {tree, leftOut} = await snapshot(worktree, scratch);
  const git: RepositoryGit = worktree.with(scratch.env).git;
  if (tree === (await git.run(['rev-parse', `${head}^{tree}`]))) return {commit: head, isNew: false, leftOut};
  const env = await committerOf(git);
  const commit = await git.run(['commit-tree', tree, '-p', head, '-m', message], {env});
  return {commit, isNew: true, leftOut};
}
