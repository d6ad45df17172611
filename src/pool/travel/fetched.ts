import {mkdir, readdir, rm, stat, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import {pause} from '../../base/pause.ts';
import {quoted} from '../../base/safe-text.ts';
import {textDigest} from '../../base/text-digest.ts';
import {exists} from '../../git/exists.ts';
import type {Git} from '../../git/git.ts';
import {GitError} from '../../git/program.ts';
import type {RepositoryGit} from '../../git/repository-git.ts';
import {takeLock} from '../../process/lock.ts';
import type {ObjectFormat} from './bundle-file.ts';
import {makeRepository, openRepository} from './job-repository.ts';
import {networkEnvironment} from './remote-tips.ts';
import {type FetchProtocol, remoteUrl, withoutCredentials} from './remote-url.ts';
import type {FetchPart} from './travel.ts';

const FETCH_MS = 30 * 60_000;
const LOOK_AGAIN_MS = 100;
/** A fetch that nobody answers for is over after this. */
const PATIENCE_MS = FETCH_MS + 60_000;
/** So many packs are made one, and what no ref leads to is removed when it is this old. */
const MANY_PACKS = 20;
const KEPT = '--prune=2.days.ago';
/** What comes is checked, no other ref changes, and nothing runs afterwards. */
const FETCH = [
  ...['-c', 'fetch.fsckObjects=true', 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head'],
  ...['--no-auto-maintenance', '--no-recurse-submodules'],
];
const EVERYTHING = ['+refs/heads/*:refs/cache/heads/*', '+refs/tags/*:refs/cache/tags/*'];

/** The worker cannot get the code by itself. The client may send all of it instead. The message says why. */
export class CannotFetch extends Error {
  override readonly name = 'CannotFetch';
}

export interface FetchSource {
  readonly part: FetchPart;
  readonly format: ObjectFormat;
  readonly protocols: readonly FetchProtocol[];
}

/** Where the objects of a URL lie among those of others. */
export function fetchedPath(folder: string, {url, format}: {url: string; format: ObjectFormat}): string {
  const key = textDigest(`${format} ${url}`).slice(0, 32);
  return join(folder, `${key}.git`);
}

/**
 * What the worker has fetched from one URL, by its own credentials: a bare repository that jobs borrow objects from. Only
 * that URL's objects are ever in it, so that no owner sees what another has sent, and no fork what is in another.
 * One process at a time changes it.
 */
export class Fetched {
  readonly objects: string;
  readonly #git: Git;
  readonly #path: string;

  /** @param path of {@link fetchedPath}. */
  constructor(git: Git, path: string) {
    this.#git = git;
    this.#path = path;
    this.objects = join(path, 'objects');
  }

  /**
   * Has these commits here, for a job: they stay until it lets go of them.
   * @throws CannotFetch when they cannot be fetched.
   */
  async hold(job: string, source: FetchSource, signal: AbortSignal): Promise<void> {
    await this.#alone(async () => {
      const git = await this.#open(source.format);
      await mkdir(join(this.#path, 'jobs'), {recursive: true});
      await writeFile(join(this.#path, 'jobs', job), '');
      await fetchInto(git, source, signal);
      const input = source.part.commits
        .map((commit, index) => `update refs/jobs/${job}/${index} ${commit}\n`)
        .join('');
      await git.run(['update-ref', '--stdin'], {input});
      await utimes(this.#path, new Date(), new Date());
    }, signal);
  }

  /** What a job has held may go; with many packs, what is old goes at once. Nothing happens where it has held nothing. */
  async release(job: string): Promise<void> {
    if (!(await exists(join(this.#path, 'jobs', job)))) return;
    await this.#alone(async () => {
      const git = openRepository(this.#git, this.#path);
      const held = await git.run(['for-each-ref', '--format=delete %(refname)', `refs/jobs/${job}/`]);
      if (held !== '') await git.run(['update-ref', '--stdin'], {input: `${held}\n`});
      await rm(join(this.#path, 'jobs', job), {force: true});
      await this.#tidy(git);
    }, new AbortController().signal);
  }

  async #open(format: ObjectFormat): Promise<RepositoryGit> {
    if (await exists(join(this.#path, 'HEAD'))) {
      await this.#clear();
      return openRepository(this.#git, this.#path);
    }
    return makeRepository(this.#git, this.#path, {format});
  }

  /** Nobody else is here: what is locked or half written was left by a process that was killed. */
  async #clear(): Promise<void> {
    const names = await readdir(this.#path, {recursive: true});
    const left = names.filter((name) => /(?:^|[/\\])(?:[^/\\]*\.lock|tmp_[^/\\]*|\.tmp-[^/\\]*)$/.test(name));
    for (const name of left) await rm(join(this.#path, name), {recursive: true, force: true});
  }

  async #tidy(git: RepositoryGit): Promise<void> {
    const packs = (await readdir(join(this.objects, 'pack'))).filter((name) => name.endsWith('.pack'));
    if (packs.length >= MANY_PACKS) await git.ask(['gc', '--quiet', KEPT]);
  }

  async #alone<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    for (;;) {
      signal.throwIfAborted();
      const lock = await takeLock({path: `${this.#path}.lock`, patienceMs: PATIENCE_MS});
      if (lock !== undefined) return work().finally(() => lock.release());
      await pause(LOOK_AGAIN_MS, {signal});
    }
  }
}

/** @throws CannotFetch when not all of the commits are there then. */
async function fetchInto(
  git: RepositoryGit,
  {part: {url, refs, commits}, protocols}: FetchSource,
  signal: AbortSignal,
): Promise<void> {
  if (await hasAll(git, commits)) return;
  const places = refs.map((ref) => `+${ref}:${ref.replace('refs/', 'refs/cache/')}`);
  const ways = [...(places.length === 0 ? [] : [places]), [...commits], ['--prune', ...EVERYTHING]];
  let words = 'it does not have the commit any more';
  for (const way of ways) {
    const options = way.filter((one) => one.startsWith('--'));
    const specs = way.filter((one) => !one.startsWith('--'));
    try {
      await git.stream([...FETCH, ...options, '--', url, ...specs], {
        env: networkEnvironment(protocols),
        timeoutMs: FETCH_MS,
        signal,
      });
      words = 'it does not have the commit any more';
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GitError)) throw error;
      words = messageOf(error);
      // Where nothing but the place was wrong, another may be right.
      if (!/remote ref|unadvertised|not our ref|cannot lock ref|unable to update/i.test(words)) break;
    }
    if (await hasAll(git, commits)) return;
  }
  const address = remoteUrl(url)?.address ?? 'the repository';
  const what = `${commits[0]?.slice(0, 12)} from ${address}`;
  throw new CannotFetch(`The worker cannot fetch ${what}: ${quoted(withoutCredentials(words))}.`);
}

/** Removes what nobody has used for this long, and no job borrows from. */
export async function removeUnused(folder: string, olderThanMs: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.git')) continue;
    const path = join(folder, name);
    const age = Date.now() - (await stat(path)).mtimeMs;
    const jobs = await readdir(join(path, 'jobs')).catch(() => []);
    if (age > olderThanMs && jobs.length === 0) await rm(path, {recursive: true, force: true, maxRetries: 3});
  }
}

/** Whether all of these commits are there, with all that they are made of. */
async function hasAll(git: RepositoryGit, commits: readonly string[]): Promise<boolean> {
  const input = commits.map((commit) => `${commit}\n`).join('');
  const kinds = (await git.run(['cat-file', '--batch-check=%(objecttype)'], {input})).split('\n');
  if (!commits.every((_, index) => kinds[index] === 'commit')) return false;
  return (await git.ask(['rev-list', '--objects', '--quiet', ...commits, '--not', '--all'])) !== undefined;
}
