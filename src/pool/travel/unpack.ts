import {createReadStream} from 'node:fs';
import {mkdir, mkdtemp, readdir, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import {GitError} from '../../git/program.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {BadBundle, type BundleHead, readHead} from './bundle-file.ts';

const UNPACK_MS = 10 * 60_000;
/** What old histories have and nobody is harmed by. All else that git finds fault with is refused. */
const TOLERATED = [
  ...['zeroPaddedFilemode', 'missingSpaceBeforeDate', 'missingSpaceBeforeEmail', 'missingEmail'],
  ...['badEmail', 'badName', 'badTimezone', 'missingNameBeforeEmail'],
].map((name) => `${name}=ignore`);

export interface ExpectedBundle {
  /** The only name that may be in it. */
  readonly ref: string;
  /** The commit that it must be at, where that is known. */
  readonly commit?: string;
  readonly format: 'sha1' | 'sha256';
  readonly limitBytes: number;
  readonly signal?: AbortSignal;
}

/** Objects that have come in and are apart from the repository until they are found good. */
export interface Incoming {
  readonly commit: string;
  readonly head: BundleHead;
  /** Git in the repository, which sees them as well. */
  readonly git: RepositoryGit;
  /** Puts them into the repository. They have no name there yet. */
  accept(): Promise<void>;
}

/**
 * Unpacks a bundle that anybody may have made. Each object is checked as `git fsck` does, nothing may be missing, and no
 * ref is made. What `use` does not accept is gone when it has ended.
 * @throws BadBundle when it is not what was to come.
 */
export async function withIncoming<Result>(
  git: RepositoryGit,
  {path, expected}: {path: string; expected: ExpectedBundle},
  use: (incoming: Incoming) => Promise<Result>,
): Promise<Result> {
  const head = await readHead(path);
  const commit = commitOf(head, expected);
  const objects = join(git.folders.commonDir, 'objects');
  // Git removes a folder of such a name when it is old: that of a process that was killed.
  const apart = await mkdtemp(join(objects, 'tmp_objdir-incoming-delegation-'));
  try {
    await mkdir(join(apart, 'info'));
    await mkdir(join(apart, 'pack'));
    await writeFile(join(apart, 'info', 'alternates'), `${objects}\n`);
    const aside = git.with({GIT_OBJECT_DIRECTORY: apart});
    await unpack(aside, {path, head, commit, expected});
    return await use({commit, head, git: aside, accept: () => move(apart, objects)});
  } finally {
    await rm(apart, {recursive: true, force: true, maxRetries: 3});
  }
}

function commitOf({format, refs}: BundleHead, expected: ExpectedBundle): string {
  const [one] = refs;
  if (one === undefined || refs.length > 1 || one.ref !== expected.ref)
    throw new BadBundle(`the bundle has other names in it than ${expected.ref}`);
  if (format !== expected.format)
    throw new BadBundle(`the bundle is of a repository of the format ${format}, and not ${expected.format}`);
  if (expected.commit !== undefined && one.commit !== expected.commit)
    throw new BadBundle(
      `the bundle has ${one.commit.slice(0, 12)} in it instead of ${expected.commit.slice(0, 12)}`,
    );
  return one.commit;
}

async function unpack(
  git: RepositoryGit,
  {
    path,
    head: {since, offset},
    commit,
    expected: {limitBytes, signal},
  }: {path: string; head: BundleHead; commit: string; expected: ExpectedBundle},
): Promise<void> {
  const limits = {timeoutMs: UNPACK_MS, ...(signal !== undefined && {signal})};
  const needed = await git.run(['cat-file', '--batch-check=%(objecttype)'], {
    input: since.map((one) => `${one}\n`).join(''),
  });
  const missing = since.filter((_, index) => needed.split('\n')[index] !== 'commit');
  if (missing.length > 0)
    throw new BadBundle(
      `the bundle builds upon commits that are not here: ${missing.slice(0, 5).join(', ')}`,
    );
  const size = `--max-input-size=${limitBytes}`;
  try {
    await git.stream(['index-pack', '--stdin', '--fix-thin', `--strict=${TOLERATED.join(',')}`, size], {
      ...limits,
      input: createReadStream(path, {start: offset}),
    });
    const input = [commit, ...since.map((one) => `^${one}`), ''].join('\n');
    await git.run(['rev-list', '--objects', '--quiet', '--stdin'], {...limits, input});
    await git.run(['cat-file', '-e', `${commit}^{commit}`]);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof GitError)) throw error;
    throw new BadBundle(`git refuses what is in the bundle: ${messageOf(error)}`, {cause: error});
  }
}

/** The list of a pack comes last: with it, git knows the pack. */
async function move(from: string, to: string): Promise<void> {
  await mkdir(join(to, 'pack'), {recursive: true});
  const names = await readdir(join(from, 'pack'));
  const sorted = [...names].sort((a, b) => Number(a.endsWith('.idx')) - Number(b.endsWith('.idx')));
  for (const name of sorted) await rename(join(from, 'pack', name), join(to, 'pack', name));
}
