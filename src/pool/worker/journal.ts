import {mkdir, open, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {textDigest} from '../../base/text-digest.ts';
import type {PoolJob} from '../queue/queue.ts';

/**
 * The jobs that a worker has begun, until none of them could be begun any more. A database may be given back a row that
 * it had before, whose signature still holds: only who has done the work knows that it is done.
 */
export class Journal {
  readonly #folder: string;

  /** @param folder made when it is first needed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Notes down that a job is begun. Resolves with false where it was begun before. */
  async begin(job: PoolJob): Promise<boolean> {
    await mkdir(this.#folder, {recursive: true, mode: 0o700});
    try {
      const file = await open(this.#entryOf(job), 'wx', 0o600);
      await file.close();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** Nothing was begun after all. */
  async takeBack(job: PoolJob): Promise<void> {
    await rm(this.#entryOf(job), {force: true});
  }

  /** Removes what is too late to be begun in any case. */
  async tidy(now: number): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const old = names.filter((name) => Number(name.split('-')[0]) < now);
    for (const name of old) await rm(join(this.#folder, name), {force: true});
  }

  /** Its time is signed with it, so that the same job always has the same name. */
  #entryOf({id, notAfter}: PoolJob): string {
    const digest = textDigest(id).slice(0, 40);
    return join(this.#folder, `${notAfter}-${digest}`);
  }
}
