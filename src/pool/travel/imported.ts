import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf, Refusal} from '../../base/errors.ts';
import {quoted} from '../../base/safe-text.ts';
import {WORKTREE_BRANCH} from '../../delegation/model/worktree.ts';
import type {Git} from '../../git/git.ts';
import {GitError} from '../../git/program.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {BadBundle} from './bundle-file.ts';
import {checkFiles} from './tree-check.ts';
import {type Incoming, withIncoming} from './unpack.ts';

/** A name is taken where its branch was gone on with, or is of an earlier life of the repository. */
const MOST_OF_A_NAME = 999;

export interface ImportOptions {
  /** A complete bundle on disk. */
  readonly path: string;
  /** The branch that it is to have: `delegation/<id>`. */
  readonly branch: string;
  /** What the work started from: `commit` of the travel. */
  readonly base: string;
  readonly limitBytes: number;
  readonly signal?: AbortSignal;
}

/** Work that has come back. */
export interface ImportedWork {
  /** Another one than was asked for where that was taken. */
  readonly branch: string;
  readonly commit: string;
  /** What has changed since the base, as `git diff --shortstat` has it; empty where nothing has. */
  readonly diffstat: string;
  /** From the repository's top. */
  readonly filesChanged: readonly string[];
  /** What should be known before it is merged: whole sentences. */
  readonly notes: readonly string[];
}

/**
 * Takes work that has come back into the repository of a checkout, as a branch of its own. A branch that is there is
 * left as it is, and so is what is checked out anywhere. The same bundle again finds its branch, and changes nothing.
 * @throws Refusal when the bundle is not what was to come, with the reason; nothing is in the repository then.
 */
export async function importWork(git: Git, checkout: string, options: ImportOptions): Promise<ImportedWork> {
  const {path, branch, base, limitBytes, signal} = options;
  if (!WORKTREE_BRANCH.test(branch)) throw new Error(`${branch} is no name for a branch of a delegation`);
  const {folders} = await git.locate(checkout);
  const format = base.length === 40 ? 'sha1' : 'sha256';
  const expected = {
    ref: `refs/heads/${branch}`,
    format,
    limitBytes,
    ...(signal !== undefined && {signal}),
  } as const;
  try {
    return await withIncoming(git.looking(folders), {path, expected}, (incoming) =>
      accepted(incoming, options),
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof BadBundle || error instanceof GitError)) throw error;
    throw new Refusal(`The work that has come back was not taken: ${quoted(messageOf(error))}.`, {
      cause: error,
    });
  }
}

async function accepted(incoming: Incoming, {branch, base, signal}: ImportOptions): Promise<ImportedWork> {
  const {git, commit} = incoming;
  if ((await git.ask(['merge-base', '--is-ancestor', base, commit])) === undefined)
    throw new BadBundle(`what is in it does not go on from ${base.slice(0, 12)}`);
  const links = await checkFiles(git, commit, {unlike: base, ...(signal !== undefined && {signal})});
  const [diffstat, names] = await Promise.all([
    git.run(['diff', ...PLAIN, '--shortstat', base, commit]),
    git.run(['diff', ...PLAIN, '--name-only', '--no-renames', '-z', base, commit]),
  ]);
  await incoming.accept();
  const own = await underFreeName(git, {branch, commit});
  const others = own === branch ? [] : [`There was a branch ${branch} already, so the work is on ${own}.`];
  const filesChanged = names.split('\0').filter((name) => name !== '');
  return {branch: own, commit, diffstat: diffstat.trim(), filesChanged, notes: [...others, ...links]};
}

const PLAIN = ['--no-ext-diff', '--no-textconv', '--no-color', '--ignore-submodules=dirty'];

/** Gives the commit the next free name; the one that it has where it was here before. */
async function underFreeName(
  git: RepositoryGit,
  {branch, commit}: {branch: string; commit: string},
): Promise<string> {
  const taken = await checkedOut(git);
  // One that is gone on with may have a number already: a second one would be no name of a delegation's branch.
  const [, stem = branch, own = '1'] = /^(.*?)(?:-(\d+))?$/.exec(branch) ?? [];
  for (let n = Number(own); n <= MOST_OF_A_NAME; n++) {
    const name = n === 1 ? stem : `${stem}-${n}`;
    const ref = `refs/heads/${name}`;
    const tip = await git.ask(['rev-parse', '--verify', '--quiet', ref]);
    if (tip === commit) return name;
    // A branch that has no commit yet can be checked out all the same.
    if (tip !== undefined || taken.has(ref)) continue;
    // With no commit before: git refuses where somebody has made it meanwhile.
    if ((await git.ask(['update-ref', ref, commit, ''])) !== undefined) return name;
  }
  throw new BadBundle(`the repository has ${MOST_OF_A_NAME} branches of the name ${stem}; remove some`);
}

/** The branches that are checked out somewhere, also those without a commit. */
async function checkedOut({folders}: RepositoryGit): Promise<ReadonlySet<string>> {
  const worktrees = join(folders.commonDir, 'worktrees');
  const names = await readdir(worktrees).catch(() => []);
  const heads = [join(folders.commonDir, 'HEAD'), ...names.map((name) => join(worktrees, name, 'HEAD'))];
  const texts = await Promise.all(heads.map((head) => readFile(head, 'utf8').catch(() => '')));
  return new Set(texts.flatMap((text) => /^ref: (.+?)\s*$/.exec(text)?.[1] ?? []));
}
