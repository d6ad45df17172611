import {mkdir, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf, Refusal} from '../../base/errors.ts';
import {quoted} from '../../base/safe-text.ts';
import type {Git} from '../../git/git.ts';
import {BadBundle, keepBundle, type ObjectFormat} from './bundle-file.ts';
import {Fetched, fetchedPath, removeUnused} from './fetched.ts';
import {makeRepository} from './job-repository.ts';
import {type FetchProtocol, WORKER_PROTOCOLS} from './remote-url.ts';
import {removeAll} from './remove-all.ts';
import {START_REF} from './start-bundle.ts';
import {type FetchPart, type Travel, travelSchema} from './travel.ts';
import {checkFiles} from './tree-check.ts';
import {withIncoming} from './unpack.ts';

const NAME = /^[a-z0-9][\w@-]{0,200}$/i;
const UNUSED_MS = 30 * 24 * 60 * 60_000;

export interface RepositoryCacheOptions {
  readonly git: Git;
  /** Of one worker. It is made when it is first needed. */
  readonly folder: string;
  /** Default: what is encrypted. */
  readonly protocols?: readonly FetchProtocol[];
  /** The most that a bundle may have. */
  readonly limitBytes: number;
}

/** A checkout that was made for one job. */
export interface PlacedCode {
  /** The root of a repository of its own, in which the commit is checked out and on no branch. */
  readonly checkout: string;
  /** Where in it the agent works. */
  readonly directory: string;
  readonly commit: string;
  /** What should be known of it: whole sentences. */
  readonly notes: readonly string[];
}

/**
 * The worker's repositories: one for each URL, with what the worker has fetched, and one for each job, with what its
 * client has sent and what its agent makes. A job borrows from the first, and puts nothing there.
 */
export class RepositoryCache {
  readonly #git: Git;
  readonly #folder: string;
  readonly #protocols: readonly FetchProtocol[];
  readonly #limitBytes: number;

  constructor({git, folder, protocols = WORKER_PROTOCOLS, limitBytes}: RepositoryCacheOptions) {
    this.#git = git;
    this.#folder = folder;
    this.#protocols = protocols;
    this.#limitBytes = limitBytes;
  }

  /**
   * Makes a checkout for a job.
   * @param bundle gives the bundle, with the way `bundle`; it is asked for once the rest is there.
   * @throws CannotFetch when the client would have to send all of it; Refusal when it cannot be used in any way. Nothing
   * is left behind then.
   */
  async place(
    {job, travel}: {job: string; travel: Travel},
    bundle: () => AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<PlacedCode> {
    const known = travelSchema.parse(travel);
    await this.remove(job);
    const path = this.#pathOf(job);
    try {
      await mkdir(path, {recursive: true, mode: 0o700});
      return await this.#place({job, path, travel: known}, bundle, signal);
    } catch (error) {
      await this.remove(job);
      signal.throwIfAborted();
      if (error instanceof BadBundle)
        throw new Refusal(`The worker refuses the code that has come: ${quoted(messageOf(error))}.`, {
          cause: error,
        });
      throw error;
    }
  }

  /** Removes all that was there for a job. What is not there is no failure. */
  async remove(job: string): Promise<void> {
    const own = this.#pathOf(job);
    const names = await readdir(this.#fetched).catch(() => []);
    for (const name of names.filter((one) => one.endsWith('.git')))
      await new Fetched(this.#git, join(this.#fetched, name)).release(job);
    // Last: as long as it is there, the job is among those of which there is something.
    await removeAll(own);
  }

  /** The jobs of which there is something. */
  jobs(): Promise<readonly string[]> {
    return readdir(join(this.#folder, 'jobs')).catch(() => []);
  }

  /** Removes what no job has used for a month. */
  tidy(): Promise<void> {
    return removeUnused(this.#fetched, UNUSED_MS);
  }

  async #place(
    {job, path, travel}: {job: string; path: string; travel: Travel},
    bundle: () => AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<PlacedCode> {
    const {commit, format, prefix} = travel;
    const part = travel.way === 'remote' ? travel.from : travel.since;
    const objects = part === undefined ? undefined : await this.#hold(job, {part, format}, signal);
    const checkout = join(path, 'checkout');
    const workTree = {workTree: checkout, ...(objects !== undefined && {objects})};
    const gitDir = join(checkout, '.git');
    const git = await makeRepository(this.#git, gitDir, {format, ...workTree});
    if (travel.way === 'bundle') {
      const {bytes, sha256} = travel;
      if (bytes > this.#limitBytes)
        throw new BadBundle(`the bundle has ${bytes} bytes, and ${this.#limitBytes} are allowed here`);
      const file = {path: join(path, 'bundle'), bytes, sha256};
      await keepBundle(bundle(), file);
      const expected = {ref: START_REF, commit, format, limitBytes: this.#limitBytes, signal};
      await withIncoming(git, {path: file.path, expected}, ({accept}) => accept());
      await rm(file.path);
    }
    const notes = await checkFiles(git, commit, {signal});
    await git.run(['update-ref', '--no-deref', 'HEAD', commit]);
    await git.run(['reset', '--quiet', '--hard', '--no-recurse-submodules'], {signal});
    const directory = join(checkout, prefix);
    if (prefix !== '' && (await git.ask(['cat-file', '-t', `${commit}:${prefix}`])) !== 'tree')
      throw new BadBundle(`${prefix} is no folder of the commit`);
    return {checkout, directory, commit, notes};
  }

  async #hold(
    job: string,
    {part, format}: {part: FetchPart; format: ObjectFormat},
    signal: AbortSignal,
  ): Promise<string> {
    await mkdir(this.#fetched, {recursive: true, mode: 0o700});
    const fetched = new Fetched(this.#git, fetchedPath(this.#fetched, {url: part.url, format}));
    await fetched.hold(job, {part, format, protocols: this.#protocols}, signal);
    return fetched.objects;
  }

  get #fetched(): string {
    return join(this.#folder, 'fetched');
  }

  /** @throws Error when the name could lead elsewhere. */
  #pathOf(job: string): string {
    if (!NAME.test(job) || job.endsWith('.lock')) throw new Error(`${quoted(job)} is no name for a folder`);
    return join(this.#folder, 'jobs', job);
  }
}
