import {realpath} from 'node:fs/promises';
import {resolve} from 'node:path';
import {Refusal} from '../base/errors.ts';
import type {WorktreePlan} from '../delegation/model/worktree.ts';
import {commonDirOf} from './folders.ts';
import {type Git, GitError, GitMissing} from './git.ts';

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
    const {checkout, prefix} = await locate(git, directory);
    const base = await git.ask(checkout, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
    if (base === undefined) {
      throw refusal(
        `the repository ${checkout} has no commit yet, and a worktree starts from one. Commit first`,
      );
    }
    if ((await git.ask(checkout, ['show-ref', '--verify', `refs/heads/${BRANCHES}`])) !== undefined) {
      throw refusal(
        `the repository ${checkout} has a branch "${BRANCHES}", so git allows no "${BRANCHES}/..." beside it. Rename that branch`,
      );
    }
    const [commonDir, notes] = await Promise.all([
      commonDirOf(git, checkout),
      notesOn(git, {checkout, base, prefix}),
    ]);
    return {checkout, prefix, base, commonDir, notes};
  } catch (error) {
    if (error instanceof GitMissing) throw refusal('git is not installed. Install it');
    if (error instanceof GitError) throw refusal(`git says: ${error.message}. Mend that`);
    throw error;
  }
}

async function locate(git: Git, directory: string): Promise<{checkout: string; prefix: string}> {
  const inside = await git.run(directory, ['rev-parse', '--is-inside-work-tree']).catch((error: unknown) => {
    const isNone = error instanceof GitError && /not a git repository/.test(error.message);
    if (isNone) throw refusal(`${directory} is not in a git repository. Run \`git init\` and commit`);
    throw error;
  });
  if (inside !== 'true') {
    throw refusal(
      `${directory} is in a bare repository or in git's own folder, where no files are checked out`,
    );
  }
  const [checkout, prefix] = await Promise.all([
    git.run(directory, ['rev-parse', '--show-toplevel']),
    git.run(directory, ['rev-parse', '--show-prefix']),
  ]);
  return {checkout: await realpath(resolve(checkout)), prefix: prefix.replace(/\/$/, '')};
}

interface Place {
  readonly checkout: string;
  readonly base: string;
  readonly prefix: string;
}

async function notesOn(git: Git, {checkout, base, prefix}: Place): Promise<readonly string[]> {
  const [changed, settings, tree, folder] = await Promise.all([
    uncommitted(git, checkout),
    git.settings(checkout),
    git.run(checkout, ['ls-files', '--stage', '--', '.gitmodules']),
    prefix === '' ? 'tree' : git.ask(checkout, ['cat-file', '-t', `${base}:${prefix}`]),
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

async function uncommitted(git: Git, checkout: string): Promise<readonly string[]> {
  const args = [
    'status',
    '--porcelain',
    '--untracked-files=normal',
    '--ignore-submodules=dirty',
    '--no-renames',
    '-z',
  ];
  const status = await git.ask(checkout, args, {timeoutMs: STATUS_MS});
  if (status === undefined) return ['Not taken along: what is not committed in your checkout, if anything.'];
  const count = status.split('\0').filter((entry) => entry !== '').length;
  if (count === 0) return [];
  return [
    `Not taken along: what is not committed in your checkout (${count === 1 ? '1 file or folder' : `${count} files or folders`}).`,
  ];
}

function refusal(why: string): Refusal {
  return new Refusal(`A worktree cannot be made: ${why}. ${CURE}`);
}
