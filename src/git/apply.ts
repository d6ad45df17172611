import {join} from 'node:path';
import {messageOf} from '../base/errors.ts';
import {type Change, differing, patchOf, readable} from './change.ts';
import type {Git} from './git.ts';
import {GitError} from './program.ts';
import type {RepositoryGit} from './repository-git.ts';
import {snapshot} from './scratch.ts';
import {changedPaths} from './stage.ts';
import {inPlace} from './worked-in.ts';

const PLAINLY = ['-c', 'apply.ignoreWhitespace=no', 'apply', '--whitespace=nowarn'];
const WHOLE = ['--binary', '--full-index', '--ignore-submodules=all'];

/** What has come of a change that was to be put into a checkout. */
export type Applied =
  /** Its files are there now, and nothing is committed or staged. */
  | {readonly is: 'applied'; readonly files: readonly string[]; readonly notes: readonly string[]}
  /** All of it was there already. */
  | {readonly is: 'there'; readonly notes: readonly string[]}
  /** Nothing was done: there are changes that nobody has committed. */
  | {readonly is: 'dirty'; readonly files: readonly string[]}
  /** Nothing was done: these files were changed on both sides. */
  | {readonly is: 'conflicting'; readonly files: readonly string[]}
  /** Nothing was done: git says why. */
  | {readonly is: 'refused'; readonly why: string};

export interface ApplyOptions {
  /** In the checkout that the change is put into; of the same repository. */
  readonly directory: string;
  /** Whether changes that are there already are no hindrance. */
  readonly allowsDirty: boolean;
}

/**
 * Puts a change into a checkout, as files that are changed and nothing else. It is merged aside first: where that
 * conflicts, the checkout is as it was.
 */
export async function applyChange(
  git: Git,
  change: Change,
  {directory, allowsDirty}: ApplyOptions,
): Promise<Applied> {
  const {scratch} = change;
  const at = (await git.at(directory)).with(scratch.env);
  const dirty = await changedPaths(at);
  if (dirty.length > 0 && !allowsDirty) return {is: 'dirty', files: readable(dirty)};
  const now = (await snapshot(inPlace(at), scratch)).tree;
  const notes = await leftOut(change);
  if (await isThere(change, now)) return {is: 'there', notes};
  const merged = await mergeAside(at, change, now);
  if (typeof merged !== 'string') return {is: 'conflicting', files: await bothChanged(merged, change, now)};
  const changed = await differing(at, [now, merged]);
  if (changed.length === 0) return {is: 'there', notes};
  const patch = await patchOf({git: at, scratch}, [now, merged], [...WHOLE, '--no-renames']);
  try {
    await at.run([...PLAINLY, patch]);
  } catch (error) {
    // It looks at all files before it writes the first: an ignored file may be in the way.
    if (error instanceof GitError) return {is: 'refused', why: messageOf(error)};
    throw error;
  }
  return {is: 'applied', files: readable(changed.map(({path}) => path)), notes};
}

/** Whether each file of the change is as the change has it. */
async function isThere({git, base, tree}: Change, now: string): Promise<boolean> {
  const apart = new Set((await differing(git, [now, tree])).map(({path}) => path));
  const changed = await differing(git, [base, tree]);
  return changed.every(({path, isRepository}) => isRepository || !apart.has(path));
}

/** The tree with both changes; or git with an index that says what conflicts. */
async function mergeAside(
  at: RepositoryGit,
  {git, scratch, base, tree}: Change,
  now: string,
): Promise<string | {readonly aside: RepositoryGit}> {
  const aside = at.with({GIT_INDEX_FILE: join(scratch.folder, 'merged')});
  await aside.run(['read-tree', now]);
  const patch = await patchOf({git, scratch}, [base, tree], WHOLE);
  try {
    await aside.run([...PLAINLY, '--cached', '--3way', patch]);
    return await aside.run(['write-tree']);
  } catch (error) {
    // A git before 2.32 does not do both.
    if (error instanceof GitError && !error.message.includes('--3way')) return {aside};
    throw error;
  }
}

/** The files that git could not merge; where it has given up before, those that both have changed. */
async function bothChanged(
  {aside}: {readonly aside: RepositoryGit},
  {git, base, tree}: Change,
  now: string,
): Promise<readonly string[]> {
  const listed = await aside.run(['ls-files', '--unmerged', '-z'], {encoding: 'latin1'});
  const unmerged = listed.split('\0').flatMap((entry) => /\t(.*)$/s.exec(entry)?.[1] ?? []);
  if (unmerged.length > 0) return readable([...new Set(unmerged)]);
  const pathsOf = async (from: string, to: string) =>
    new Set((await differing(git, [from, to])).map(({path}) => path));
  const [ours, apart] = await Promise.all([pathsOf(base, now), pathsOf(now, tree)]);
  const theirs = await pathsOf(base, tree);
  const both = [...theirs].filter((path) => ours.has(path) && apart.has(path));
  return readable(both.length > 0 ? both : [...theirs]);
}

/** Repositories of their own are none of the files that can be put anywhere. */
async function leftOut({git, base, tree}: Change): Promise<readonly string[]> {
  const moved = (await differing(git, [base, tree])).filter(({isRepository}) => isRepository);
  if (moved.length === 0) return [];
  return [
    `Left out, as they are repositories of their own: ${readable(moved.map(({path}) => path)).join(', ')}.`,
  ];
}
