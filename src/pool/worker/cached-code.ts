import {randomUUID} from 'node:crypto';
import {mkdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Worktree} from '../../delegation/model/worktree.ts';
import type {Git} from '../../git/git.ts';
import {type PackedWork, packCheckpoint, packWork} from '../travel/back.ts';
import {bundleBytes} from '../travel/bundle-file.ts';
import type {RepositoryCache} from '../travel/cache.ts';
import type {Travel} from '../travel/travel.ts';
import type {Arrival, Packed, ReturnOptions, WorkerCode} from './code.ts';
import {projectOfJob} from './job-project.ts';
import {removeWorktreesOf} from './left-worktrees.ts';

export interface CachedCodeOptions {
  readonly git: Git;
  readonly cache: RepositoryCache;
  /** For bundles on their way. It is made when it is first needed. */
  readonly folder: string;
  readonly limitBytes: number;
  /** The folder that worktrees of the checkouts are made in. */
  readonly worktrees: string;
}

/** Code in checkouts that are made from a cache. */
export class CachedCode implements WorkerCode {
  readonly #options: CachedCodeOptions;

  constructor(options: CachedCodeOptions) {
    this.#options = options;
  }

  arrive(
    job: string,
    travel: Travel,
    {luggage, signal}: {readonly luggage: () => AsyncIterable<Uint8Array>; readonly signal: AbortSignal},
  ): Promise<Arrival> {
    return this.#options.cache.place({job, travel}, luggage, signal);
  }

  arrived(): Promise<readonly string[]> {
    return this.#options.cache.jobs();
  }

  async remove(job: string): Promise<void> {
    const {cache, worktrees} = this.#options;
    await removeWorktreesOf(projectOfJob(job), worktrees);
    // Last: as long as it is there, the job is among those that have arrived.
    await cache.remove(job);
  }

  async pack(worktree: Worktree, commit: string, options: ReturnOptions): Promise<Packed> {
    const {git} = this.#options;
    return asPacked(await packWork(git, worktree, commit, await this.#into(options)));
  }

  async checkpoint(worktree: Worktree, options: ReturnOptions): Promise<Packed | undefined> {
    const {git} = this.#options;
    const work = await packCheckpoint(git, worktree, await this.#into(options));
    return work && asPacked(work);
  }

  async #into(options: ReturnOptions) {
    const {folder, limitBytes} = this.#options;
    await mkdir(folder, {recursive: true, mode: 0o700});
    return {...options, limitBytes, spool: join(folder, `${randomUUID()}.bundle`)};
  }
}

function asPacked({commit, bundle: {path, bytes, sha256}, notes}: PackedWork): Packed {
  return {
    ...{commit, bytes, sha256, notes},
    content: () => bundleBytes(path),
    drop: () => rm(path, {force: true}),
  };
}
