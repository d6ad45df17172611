import {Refusal} from '../base/errors.ts';
import type {WorktreePlan} from '../delegation/model/worktree.ts';
import type {Git, Location} from './git.ts';
import {GitError, GitMissing, GitTooOld} from './program.ts';
import type {RepositoryGit} from './repository-git.ts';

/** All branches of delegations begin with this. */
export const BRANCHES = 'delegation';
/** A checkout that takes longer to look through is not worth the wait: the answer then says less. */
const STATUS_MS = 10_000;
const CURE = 'Delegate it without access, or with access "read-only" if nothing is to be changed.';

/**
 * Looks whether a worktree can be made of the repository that a directory is in. Changes nothing there.
 * @throws Refusal when it cannot, with the reason.
 */
export async function planWorktree(git: Git, directory: string): Promise<WorktreePlan> {
  try {
    const {folders, prefix} = await locate(git, directory);
    const {workTree: checkout, commonDir} = folders;
    const own = git.inside(folders);
    const base = await own.ask(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
    if (base === undefined) {
      throw refusal(
        `the repository ${checkout} has no commit yet, and a worktree starts from one. Commit first`,
      );
    }
    if ((await own.ask(['show-ref', '--verify', `refs/heads/${BRANCHES}`])) !== undefined) {
      throw refusal(
        `the repository ${checkout} has a branch "${BRANCHES}", so git allows no "${BRANCHES}/..." beside it. Rename that branch`,
      );
    }
    return {checkout, prefix, base, commonDir, notes: await notesOn(own, {base, prefix})};
  } catch (error) {
    if (error instanceof GitMissing) throw refusal('git is not installed. Install it', error);
    if (error instanceof GitTooOld) {
      throw refusal(`${error.message}, which cannot be told what not to run. Install a newer one`, error);
    }
    if (error instanceof GitError) throw refusal(`git says: ${error.message}. Fix that`, error);
    throw error;
  }
}

async function locate(git: Git, directory: string): Promise<Location> {
  const inside = await git.revParse(directory, ['--is-inside-work-tree']).catch((error: unknown) => {
    const isNone = error instanceof GitError && /not a git repository/.test(error.message);
    if (isNone) throw refusal(`${directory} is not in a git repository. Run \`git init\` and commit`);
    throw error;
  });
  if (inside !== 'true') {
    throw refusal(
      `${directory} is in a bare repository or in git's own folder, where no files are checked out`,
    );
  }
  return git.locate(directory);
}

async function notesOn(
  git: RepositoryGit,
  {base, prefix}: {base: string; prefix: string},
): Promise<readonly string[]> {
  const [changed, settings, tree, folder] = await Promise.all([
    uncommitted(git),
    git.settings(),
    git.run(['ls-files', '--stage', '--', '.gitmodules']),
    prefix === '' ? 'tree' : git.ask(['cat-file', '-t', `${base}:${prefix}`]),
  ]);
  if (folder !== 'tree') {
    throw refusal(
      `${prefix} is not in the commit ${base.slice(0, 12)} that the worktree would start from. Commit it`,
    );
  }
  return [
    ...changed,
    ...leftOut(settings.filtersLeftOut),
    ...(tree === '' ? [] : ['Its submodules are empty folders in the worktree until the agent fills them.']),
  ];
}

function leftOut(filters: readonly string[]): readonly string[] {
  if (filters.length === 0) return [];
  return [
    `Not run: filters that the repository's own configuration defines (${filters.join(', ')}). Files are as they are committed; to have them run, define them with git config --global.`,
  ];
}

async function uncommitted(git: RepositoryGit): Promise<readonly string[]> {
  const args = [
    'status',
    '--porcelain',
    '--untracked-files=normal',
    '--ignore-submodules=dirty',
    '--no-renames',
    '-z',
  ];
  const status = await git.ask(args, {timeoutMs: STATUS_MS});
  if (status === undefined) return ['Not taken along: what is not committed in your checkout, if anything.'];
  const count = status.split('\0').filter((entry) => entry !== '').length;
  if (count === 0) return [];
  return [
    `Not taken along: what is not committed in your checkout (${count === 1 ? '1 file or folder' : `${count} files or folders`}).`,
  ];
}

function refusal(why: string, cause?: Error): Refusal {
  return new Refusal(`A worktree cannot be made: ${why}. ${CURE}`, {cause});
}
