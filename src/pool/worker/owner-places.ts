import {randomUUID} from 'node:crypto';
import {mkdirSync} from 'node:fs';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {removeAll} from '../travel/remove-all.ts';

/**
 * An owner who always has work here would keep a place for ever. After this, the next job gets a new one, so that the
 * old one is gone with the last job in it.
 */
const TAKES_JOBS_MS = 60 * 60_000;

/** What a worker works with in one place. */
export interface Opened<Service> {
  readonly service: Service;
  /** Ends all that runs there. Resolves when nothing is written there any more. */
  close(): Promise<void>;
}

export interface OwnerPlacesOptions<Service> {
  /** Holds a folder for each place; made when it is first needed. */
  readonly folder: string;
  /** @param folder of the place, which is there and empty. */
  readonly open: (folder: string) => Opened<Service>;
  /** In milliseconds. Default: the system's. */
  readonly now?: () => number;
}

interface Place<Service> extends Opened<Service> {
  readonly folder: string;
  readonly since: number;
  /** The jobs that are at work there, or wait for their owner. */
  readonly jobs: Set<string>;
}

/**
 * Where a worker's OpenCode keeps what it writes: a place for the jobs of one owner, which no job of another owner is ever
 * in. A place is removed whole when the last job in it is over: what a database has freed, and what stands in a log, can
 * be removed in no other way.
 */
export class OwnerPlaces<Service> {
  readonly #options: OwnerPlacesOptions<Service>;
  /** The place that takes the next job, by owner. */
  readonly #current = new Map<string, Place<Service>>();
  readonly #byJob = new Map<string, Place<Service>>();

  constructor(options: OwnerPlacesOptions<Service>) {
    this.#options = options;
  }

  /** What a job is done with. The place stays until the job is forgotten. */
  of({id, owner}: {readonly id: string; readonly owner: string}): Service {
    const known = this.#byJob.get(id);
    if (known !== undefined) return known.service;
    const place = this.#placeFor(owner);
    place.jobs.add(id);
    this.#byJob.set(id, place);
    return place.service;
  }

  /** Nobody needs any more what is there of the job. Idempotent. @throws when it cannot be removed. */
  async forget(job: string): Promise<void> {
    const place = this.#byJob.get(job);
    if (place === undefined) return;
    place.jobs.delete(job);
    if (place.jobs.size === 0) {
      // First, and in one step: a job that comes meanwhile gets another place.
      for (const [owner, current] of this.#current) if (current === place) this.#current.delete(owner);
      await place.close();
      await removeAll(place.folder);
    }
    this.#byJob.delete(job);
  }

  /**
   * Removes the places of earlier processes. To be called before the first job: none of theirs goes on, and their results
   * are in the pool or lost.
   */
  async tidy(): Promise<void> {
    const {folder} = this.#options;
    for (const name of await readdir(folder).catch(() => [])) await removeAll(join(folder, name));
  }

  #placeFor(owner: string): Place<Service> {
    const {folder: root, open, now = Date.now} = this.#options;
    const current = this.#current.get(owner);
    if (current !== undefined && now() - current.since < TAKES_JOBS_MS) return current;
    // Never that of an earlier process, of which something may still be ending.
    const folder = join(root, randomUUID());
    mkdirSync(folder, {recursive: true, mode: 0o700});
    const place = {...open(folder), folder, since: now(), jobs: new Set<string>()};
    this.#current.set(owner, place);
    return place;
  }
}
