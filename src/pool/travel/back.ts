import {join} from 'node:path';
import {Refusal} from '../../base/errors.ts';
import type {Worktree} from '../../delegation/model/worktree.ts';
import type {Git} from '../../git/git.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {type Scratch, withScratch} from '../../git/scratch.ts';
import {WorkedIn} from '../../git/worked-in.ts';
import {type BundleFile, BundleTooLarge, type ObjectFormat, writeBundle} from './bundle-file.ts';
import {leftRefused} from './left-behind.ts';
import {megabytes} from './size.ts';
import {commitWorkingTree} from './working-commit.ts';

const PACK_MS = 5 * 60_000;

/** Where the bundle goes, and how large it may be. */
export interface BackOptions {
  /** The commit that the client has: `head` of its travel. */
  readonly since: string;
  /** What the branch is called at the client: `delegation/<id>`. */
  readonly branch: string;
  readonly spool: string;
  readonly limitBytes: number;
  readonly signal?: AbortSignal;
}

/** Work in a bundle, ready to be sent. */
export interface PackedWork {
  readonly commit: string;
  readonly bundle: BundleFile;
  /** What is not in it: whole sentences. */
  readonly notes: readonly string[];
}

/**
 * Packs the work of a delegation once it has been settled: the commit that its branch is at.
 * @throws Refusal when it is larger than may be sent; GitError.
 */
export async function packWork(
  git: Git,
  {checkout}: Pick<Worktree, 'checkout'>,
  commit: string,
  options: BackOptions,
): Promise<PackedWork> {
  const bundle = await write(await git.at(checkout), commit, options);
  return {commit, bundle, notes: []};
}

/**
 * Packs what is in a worktree at this moment, committed or not, while its agent goes on there. Nothing changes in it or
 * its repository: no index, no ref, no object.
 * @returns `undefined` where the worktree is not there, or nothing was done in it yet.
 * @throws Refusal when it is larger than may be sent; GitError.
 */
export async function packCheckpoint(
  git: Git,
  worktree: Worktree,
  options: BackOptions,
): Promise<PackedWork | undefined> {
  const commonDir = worktree.commonDir ?? (await git.at(worktree.checkout)).folders.commonDir;
  return withScratch(commonDir, async (scratch) => {
    // In a folder of its own: the end of the work may be settled at this moment, from another copy.
    const there = await WorkedIn.open(git, worktree, join(scratch.folder, 'files'));
    try {
      return there === undefined ? undefined : await packNow({there, scratch, worktree}, options);
    } finally {
      await there?.close();
    }
  });
}

async function packNow(
  {there, scratch, worktree}: {there: WorkedIn; scratch: Scratch; worktree: Worktree},
  options: BackOptions,
): Promise<PackedWork | undefined> {
  const head = await there.git.run(['rev-parse', 'HEAD^{commit}']);
  const message = 'Checkpoint: what had been done so far';
  const {commit, leftOut} = await commitWorkingTree({worktree: there, scratch, head}, message);
  if (commit === worktree.base) return undefined;
  const bundle = await write(there.git.with(scratch.env), commit, options);
  return {commit, bundle, notes: leftRefused(leftOut)};
}

async function write(
  git: RepositoryGit,
  commit: string,
  {since, branch, spool, limitBytes, signal}: BackOptions,
): Promise<BundleFile> {
  const format: ObjectFormat = commit.length === 40 ? 'sha1' : 'sha256';
  const content = {format, commit, ref: `refs/heads/${branch}`, since: [since]};
  const limits = {path: spool, limitBytes, timeoutMs: PACK_MS, ...(signal !== undefined && {signal})};
  try {
    return await writeBundle(git, content, limits);
  } catch (error) {
    if (!(error instanceof BundleTooLarge)) throw error;
    throw new Refusal(
      `The work is larger than the ${megabytes(limitBytes)} that may be sent. It stays with the worker, on the branch ${branch} there.`,
      {cause: error},
    );
  }
}
