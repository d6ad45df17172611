import {realPathSync} from '../../base/real-path.ts';

/** The branches of delegations: their ids, with a number where there was one of that name. */
export const WORKTREE_BRANCH = /^delegation\/[a-z]+-[a-z]+-[a-z]+(?:-\d{1,3})?$/;

/** A git worktree in which a delegation works, or has worked, apart from the user's own checkout. */
export interface Worktree {
  /** The root of the checkout that it was made from. */
  readonly checkout: string;
  /** Its own root. */
  readonly path: string;
  /** Where in it the agent works: the folder that answers to the delegation's directory. */
  readonly directory: string;
  readonly branch: string;
  /** The commit that it was made from. */
  readonly base: string;
  /** The folder of git that the repository has for all its worktrees; absent in old records. */
  readonly commonDir?: string;
  /** The folder of git that is this worktree's own; absent until it is made. */
  readonly gitDir?: string;
  /** What an earlier delegation had left it at; absent for the first one that works in it. */
  readonly since?: string;
  /** Absent until the work in it has ended. */
  readonly outcome?: WorktreeOutcome;
}

export type WorktreeOutcome =
  /** Nothing was changed: neither it nor its branch is there any more. */
  | {readonly is: 'removed'}
  | {
      readonly is: 'kept';
      /** What the branch points at, as far as that could be found out. */
      readonly commit?: string;
      /** What has changed since the base, as git counts it; empty when nothing is committed. */
      readonly diffstat: string;
      /** What is not in the commit, or what is else not as one would expect: whole sentences. */
      readonly notes: readonly string[];
    };

/** Where a worktree can be made from. */
export interface WorktreePlan {
  readonly checkout: string;
  /** The path from the checkout's root to the delegation's directory; empty for the root itself. */
  readonly prefix: string;
  readonly base: string;
  readonly commonDir: string;
  /** What anyone who delegates should know: whole sentences. */
  readonly notes: readonly string[];
}

export interface SettledWorktree {
  readonly worktree: Worktree;
  /** By this delegation, relative to the worktree's directory; absent where git could not say. */
  readonly filesChanged?: readonly string[];
}

export interface WorktreeOptions {
  /** To be made from the files as they are, and not only from the last commit: where worktrees are made elsewhere. */
  readonly includeChanges?: boolean;
}

/** Makes worktrees, and brings what was done in them home to a branch. */
export interface Worktrees {
  /**
   * Finds out whether a worktree can be made for this directory, from the commit that is checked out there.
   * @throws Refusal when it cannot, with the reason.
   */
  plan(directory: string, options?: WorktreeOptions): Promise<WorktreePlan>;
  /** The worktree that `open` will make for a delegation. Nothing is made yet. */
  place(plan: WorktreePlan, of: {project: string; id: string}): Worktree;
  /**
   * Makes it. Resolves with it as it is: another branch is taken when there is one of that name.
   * @throws when git cannot, or the signal aborts; nothing is left behind then.
   */
  open(worktree: Worktree, signal: AbortSignal): Promise<Worktree>;
  /**
   * Gets one whose work has ended ready for more: as it was left, or, when it was removed because nothing had
   * changed, made again.
   * @throws Refusal when it was kept and is no longer there, or cannot be made again.
   */
  reopen(worktree: Worktree): Promise<Worktree>;
  /**
   * Commits what was changed, or removes what was not. Never rejects: what git refuses to do is said in the notes
   * of a worktree that is kept. Doing it twice does no harm.
   */
  settle(worktree: Worktree, work: WorkInWorktree): Promise<SettledWorktree>;
  /** Every delegation that a worktree is there of, or was being made of. */
  leftovers(): Promise<readonly LeftoverWorktree[]>;
  /** The worktree of a delegation whose record is gone, as git knows it; `undefined` when git does not. */
  find(of: {project: string; id: string}): Promise<Worktree | undefined>;
  /**
   * Removes what a process has left that was killed while it made or settled the worktree of a delegation; the worktree
   * itself stays. To be called where nobody does so now. Idempotent.
   */
  clear(of: {project: string; id: string}): Promise<void>;
}

export interface LeftoverWorktree {
  readonly project: string;
  readonly id: string;
  /** Somebody makes or settles it, or was killed while doing so. */
  readonly isUnderWay?: true;
}

export interface WorkInWorktree {
  readonly id: string;
  /** With the id, what those are found by that work elsewhere. */
  readonly project?: string;
  /** What the commit says was done: one line. */
  readonly title: string;
  /** The files that the agent says it changed: git may ignore some, and these must not be lost. */
  readonly files: readonly string[];
}

/** What a person types to go on with a worktree that was kept. */
export function worktreeCommands({checkout, path, branch, base}: Worktree): {
  readonly look: string;
  readonly merge: string;
  readonly drop: string;
} {
  const git = `git -C ${shellQuoted(checkout)}`;
  return {
    look: `${git} diff ${base.slice(0, 12)} ${branch}`,
    merge: `${git} merge ${branch}`,
    drop: `${git} worktree remove --force ${shellQuoted(path)} && ${git} branch -D ${branch}`,
  };
}

/**
 * The shortest command that merges what a delegation in that directory has left: anyone who works where it was delegated
 * for, or at the root of the checkout, need not name that.
 */
export function mergeCommand(
  worktree: Worktree,
  {directory, from}: {readonly directory: string; readonly from: string},
): string {
  const isThere = from === directory || realPathSync(from) === worktree.checkout;
  return isThere ? `git merge ${worktree.branch}` : worktreeCommands(worktree).merge;
}

/** As the shells take it; a path that needs no quotes gets none. */
export function shellQuoted(path: string): string {
  if (/^[\w./:@\\-]+$/.test(path)) return path;
  // Between double quotes, a shell would run what a folder is called.
  return path.startsWith('/') ? `'${path.replaceAll("'", "'\\''")}'` : `"${path}"`;
}
