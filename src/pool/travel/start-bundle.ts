import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {GitError} from '../../git/program.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {
  type BundleFile,
  BundleTooLarge,
  type ObjectFormat,
  type WriteOptions,
  writeBundle,
} from './bundle-file.ts';
import {cannotTravel} from './cannot-travel.ts';
import {checkSize, tooLarge} from './size.ts';

/** The name of the commit in the bundle that goes to a worker. */
export const START_REF = 'refs/heads/delegation-start';
const PACK_MS = 5 * 60_000;

export interface StartContent {
  readonly format: ObjectFormat;
  readonly commit: string;
  /** What the worker will have. */
  readonly since: readonly string[];
  /** Whether the client has the history of the commit only as far as it was cloned. */
  readonly isShallow: boolean;
}

/**
 * Packs what a worker starts from.
 * @throws Refusal when it is too large, or is not all here; GitError.
 */
export async function packStart(
  git: RepositoryGit,
  {format, commit, since, isShallow}: StartContent,
  options: Omit<WriteOptions, 'timeoutMs'>,
): Promise<BundleFile> {
  const range = {git, commit, since};
  if (isShallow) await checkWhole(range);
  await checkSize(range, options.limitBytes);
  try {
    const content = {format, commit, ref: START_REF, since};
    return await writeBundle(git, content, {...options, timeoutMs: PACK_MS});
  } catch (error) {
    if (error instanceof BundleTooLarge) throw await tooLarge(range, options.limitBytes);
    if (error instanceof GitError && /promisor|missing|unable to (read|parse|get)/i.test(error.message)) {
      throw cannotTravel(
        'the repository lacks files of the commit, as a partial clone does. Push the commit, or fetch all of it',
        error,
      );
    }
    throw error;
  }
}

/** What a shallow clone lacks cannot be sent. */
async function checkWhole({
  git,
  commit,
  since,
}: {
  git: RepositoryGit;
  commit: string;
  since: readonly string[];
}): Promise<void> {
  const input = [commit, ...since.map((one) => `^${one}`), ''].join('\n');
  const [sent, shallow] = await Promise.all([
    git.run(['rev-list', '--stdin'], {input}),
    readFile(join(git.folders.commonDir, 'shallow'), 'utf8'),
  ]);
  const ends = new Set(shallow.split('\n'));
  if (!sent.split('\n').some((one) => one !== '' && ends.has(one))) return;
  throw cannotTravel(
    'the clone is shallow, and a worker would need what it lacks. Push the commit, or run `git fetch --unshallow`',
  );
}
