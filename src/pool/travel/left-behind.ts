import {inQuotes} from '../../base/safe-text.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {changedPaths} from '../../git/stage.ts';

/** A checkout that takes longer to look through is not worth the wait: the answer then says less. */
const LOOK_MS = 10_000;
const MAX_NAMES = 5;
const BYTES = {encoding: 'latin1'} as const;

/** What does not travel, or not as it is in the checkout: whole sentences. */
export async function leftBehind(
  git: RepositoryGit,
  {commit, includesChanges, leftOut}: {commit: string; includesChanges: boolean; leftOut: readonly string[]},
): Promise<readonly string[]> {
  const notes = await Promise.all([
    includesChanges ? leftRefused(leftOut) : uncommitted(git),
    ignored(git),
    submodules(git, commit),
    inLfs(git),
    hidden(git),
  ]);
  return notes.flat();
}

/** Some names of files, and how many more there are. @param paths in `latin1`. */
export function named(paths: readonly string[]): string {
  const shown = paths.slice(0, MAX_NAMES).map((path) => inQuotes(Buffer.from(path, 'latin1').toString()));
  const more = paths.length - shown.length;
  return `${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

/** What git could not take. */
export function leftRefused(leftOut: readonly string[]): readonly string[] {
  return leftOut.length === 0 ? [] : [`Not taken along, as git refuses it: ${named(leftOut)}.`];
}

async function uncommitted(git: RepositoryGit): Promise<readonly string[]> {
  const paths = await changedPaths(git);
  if (paths.length === 0) return [];
  return [
    `Not taken along: what is not committed in your checkout (${named(paths)}). include_changes takes it along.`,
  ];
}

async function ignored(git: RepositoryGit): Promise<readonly string[]> {
  const args = ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', '-z'];
  const listed = await git.ask(args, {...BYTES, timeoutMs: LOOK_MS});
  const paths = namesIn(listed);
  return paths.length === 0 ? [] : [`Not taken along, as git ignores it: ${named(paths)}.`];
}

async function submodules(git: RepositoryGit, commit: string): Promise<readonly string[]> {
  const listed = namesIn(await git.ask(['ls-tree', '-r', '-z', '--full-tree', commit], BYTES));
  const paths = listed.flatMap((entry) => /^160000 [^\t]*\t(.*)$/s.exec(entry)?.[1] ?? []);
  if (paths.length === 0) return [];
  return [
    `Repositories of their own, of which no more than the name of a commit travels: ${named(paths)}. They are empty folders at the worker.`,
  ];
}

async function inLfs(git: RepositoryGit): Promise<readonly string[]> {
  const paths = namesIn(await git.ask(['ls-files', '-z', '--', ':(top,attr:filter=lfs)'], BYTES));
  if (paths.length === 0) return [];
  return [
    `Files of Git LFS are no more than pointers at the worker, which gets no contents for them: ${named(paths)}.`,
  ];
}

/** What git has been told not to look at. */
async function hidden(git: RepositoryGit): Promise<readonly string[]> {
  const listed = namesIn(await git.ask(['ls-files', '-v', '-z'], BYTES));
  const paths = listed.flatMap((entry) => /^[a-z] (.*)$/s.exec(entry)?.[1] ?? []);
  if (paths.length === 0) return [];
  return [`As they are committed, as git was told to assume that they are unchanged: ${named(paths)}.`];
}

function namesIn(listed: string | undefined): readonly string[] {
  return (listed ?? '').split('\0').filter((name) => name !== '');
}
