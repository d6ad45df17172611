import {join} from 'node:path';
import {messageOf, Refusal} from '../base/errors.ts';
import type {Worktree} from '../delegation/model/worktree.ts';
import type {Git} from './git.ts';
import {isOwnPlace} from './own-place.ts';
import type {RepositoryGit} from './repository-git.ts';
import {type Scratch, snapshot, withScratch} from './scratch.ts';
import {WorkedIn} from './worked-in.ts';

/** What the person has configured for their own eyes must not change what a patch says. */
const PATCH = [
  ...['--no-ext-diff', '--no-textconv', '--no-color', '--ignore-submodules=dirty', '--find-renames'],
  ...['--src-prefix=a/', '--dst-prefix=b/'],
];
/** As options, these would have a patch printed also where only names are wanted. */
const PLAIN = ['-c', 'core.quotePath=false', '-c', 'diff.context=3'];
const REPOSITORY_MODE = '160000';

/** What was changed in a worktree since it was made. */
export interface Change {
  /** Git in the repository, which finds all that the change consists of. */
  readonly git: RepositoryGit;
  readonly scratch: Scratch;
  readonly base: string;
  /** All files as they are now, also what is not committed. */
  readonly tree: string;
  /** The last commit of the work. */
  readonly head: string;
  /** The names of what is not committed. */
  readonly uncommitted: readonly string[];
  /** Whether the folder was looked at. */
  readonly hasFolder: boolean;
  /** What is not in the change, or else has to be known: whole sentences. */
  readonly notes: readonly string[];
}

export interface KeptPlace {
  readonly git: Git;
  /** The folder that worktrees are made in. */
  readonly root: string;
}

/**
 * Looks at what was changed in a worktree: in its folder where that is there, else on its branch. Nothing is changed in
 * either of them.
 * @throws Refusal when neither is there any more; GitError.
 */
export async function withChange<Result>(
  {git, root}: KeptPlace,
  worktree: Worktree,
  use: (change: Change) => Promise<Result>,
): Promise<Result> {
  const {path, base, checkout, branch} = worktree;
  if (!(await isOwnPlace(worktree, root)))
    throw new Refusal(`${path} is not where worktrees are made, so nothing is done there.`);
  const at = await git.at(checkout);
  return withScratch(at.folders.commonDir, async (scratch) => {
    const common = {git: at.with(scratch.env), scratch, base};
    const {own, notes} = await openWorktree(git, worktree, scratch);
    try {
      if (own !== undefined) {
        const {tree, uncommitted, leftOut} = await snapshot(own, scratch);
        const head = await own.git.run(['rev-parse', 'HEAD']);
        const missing = leftOut.length === 0 ? [] : [`Git could not take: ${readable(leftOut).join(', ')}.`];
        return await use({
          ...common,
          ...{tree, head, uncommitted: readable(uncommitted), hasFolder: true},
          notes: [...notes, ...missing],
        });
      }
    } finally {
      await own?.close();
    }
    const tip = await at.ask(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`]);
    if (tip === undefined)
      throw new Refusal(`Neither the worktree ${path} nor its branch ${branch} is there any more.`);
    return use({...common, tree: tip, head: tip, uncommitted: [], hasFolder: false, notes});
  });
}

/** Writes a change as `git diff` does, and resolves with the file that it is in until the scratch is gone. */
export async function patchOf(
  {git, scratch}: Pick<Change, 'git' | 'scratch'>,
  [from, to]: readonly [from: string, to: string],
  more: readonly string[] = [],
): Promise<string> {
  // In a file: of what git prints, line ends at the end are cut off.
  const file = join(scratch.folder, `${from.slice(0, 12)}-${to.slice(0, 12)}.patch`);
  await git.run([...PLAIN, 'diff', ...PATCH, ...more, `--output=${file}`, from, to]);
  return file;
}

/** A file that two trees do not have in common. */
export interface Differing {
  /** In `latin1`. */
  readonly path: string;
  /** True where it is a repository of its own, of which a tree has no more than the name of a commit. */
  readonly isRepository: boolean;
}

/** Every path at which two trees differ. */
export async function differing(
  git: RepositoryGit,
  [from, to]: readonly [from: string, to: string],
): Promise<readonly Differing[]> {
  const raw = await git.run(['diff-tree', '-r', '--raw', '--no-renames', '-z', from, to], {
    encoding: 'latin1',
  });
  return [...raw.matchAll(/:(\d+) (\d+) [^\0]*\0([^\0]+)\0?/g)].map(([, before, after, path = '']) => ({
    path,
    isRepository: before === REPOSITORY_MODE || after === REPOSITORY_MODE,
  }));
}

/** Names in `latin1` as people read them. */
export function readable(names: readonly string[]): readonly string[] {
  return names.map((name) => Buffer.from(name, 'latin1').toString());
}

/** The worktree's own folder; `undefined` where that is gone, or nothing may be done there. */
async function openWorktree(
  git: Git,
  worktree: Worktree,
  scratch: Scratch,
): Promise<{readonly own?: WorkedIn | undefined; readonly notes: readonly string[]}> {
  try {
    return {own: await WorkedIn.open(git, worktree, join(scratch.folder, 'files')), notes: []};
  } catch (error) {
    return {notes: [`Only what is committed was looked at: ${messageOf(error)}.`]};
  }
}
