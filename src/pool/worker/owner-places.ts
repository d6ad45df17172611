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
  /** How long a place without a job waits for the owner's next one, in milliseconds. */
  readonly keptMs: number;
  /** Called where a place could not be removed. The next process removes it. */
  readonly onLeft: (folder: string, error: unknown) => void;
  /** In milliseconds. Default: the system's. */
  readonly now?: () => number;
}

interface Place<Service> extends Opened<Service> {
  readonly owner: string;
  readonly folder: string;
  readonly since: number;
  /** The jobs that are at work there, or wait for their owner. */
  readonly jobs: Set<string>;
  /** Ends it, where it has no job. */
  idle?: NodeJS.Timeout;
}

/**
 * Where a worker's OpenCode keeps what it writes: a place for the jobs of one owner, which no job of another owner is ever
 * in. Where no other owner has one, it waits a while for the owner's next job, which then finds OpenCode running. It is
 * removed whole: what a database has freed, and what stands in a log, can be removed in no other way.
 */
export class OwnerPlaces<Service> {
  readonly #options: OwnerPlacesOptions<Service>;
  /** The place that takes the next job, by owner. */
  readonly #current = new Map<string, Place<Service>>();
  readonly #byJob = new Map<string, Place<Service>>();
  readonly #removing = new Set<Promise<void>>();
  readonly #now: () => number;

  constructor(options: OwnerPlacesOptions<Service>) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** What a job is done with. The place stays at least until the job is forgotten. */
  of({id, owner}: {readonly id: string; readonly owner: string}): Service {
    const known = this.#byJob.get(id);
    if (known !== undefined) return known.service;
    for (const place of this.#current.values()) {
      if (place.jobs.size === 0 && (place.owner !== owner || !this.#takesJobs(place))) this.#remove(place);
    }
    const place = this.#placeFor(owner);
    clearTimeout(place.idle);
    place.jobs.add(id);
    this.#byJob.set(id, place);
    return place.service;
  }

  /** Nobody needs any more what is there of the job. Idempotent. */
  forget(job: string): void {
    const place = this.#byJob.get(job);
    if (place === undefined) return;
    this.#byJob.delete(job);
    place.jobs.delete(job);
    if (place.jobs.size > 0) return;
    const isAlone = [...this.#byJob.values()].every(({owner}) => owner === place.owner);
    if (!isAlone || this.#current.get(place.owner) !== place) this.#remove(place);
    else place.idle = setTimeout(() => this.#remove(place), this.#options.keptMs).unref();
  }

  /**
   * Removes the places of earlier processes. To be called before the first job: none of theirs goes on, and their results
   * are in the pool or lost.
   */
  async tidy(): Promise<void> {
    const {folder} = this.#options;
    for (const name of await readdir(folder).catch(() => [])) await removeAll(join(folder, name));
  }

  /** Removes all places. To be called when nothing is at work there any more. Never rejects. */
  async close(): Promise<void> {
    for (const place of new Set([...this.#current.values(), ...this.#byJob.values()])) this.#remove(place);
    this.#byJob.clear();
    await Promise.all(this.#removing);
  }

  #placeFor(owner: string): Place<Service> {
    const {folder: root, open} = this.#options;
    const current = this.#current.get(owner);
    if (current !== undefined && this.#takesJobs(current)) return current;
    // Never that of an earlier process, of which something may still be ending.
    const folder = join(root, randomUUID());
    mkdirSync(folder, {recursive: true, mode: 0o700});
    const place = {...open(folder), owner, folder, since: this.#now(), jobs: new Set<string>()};
    this.#current.set(owner, place);
    return place;
  }

  #takesJobs({since}: Place<Service>): boolean {
    return this.#now() - since < TAKES_JOBS_MS;
  }

  #remove(place: Place<Service>): void {
    clearTimeout(place.idle);
    // At once: a job that comes meanwhile gets another place.
    if (this.#current.get(place.owner) === place) this.#current.delete(place.owner);
    const removing = place
      .close()
      .then(() => removeAll(place.folder))
      .catch((error: unknown) => this.#options.onLeft(place.folder, error))
      .finally(() => this.#removing.delete(removing));
    this.#removing.add(removing);
  }
}
