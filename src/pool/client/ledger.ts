import {mkdirSync, renameSync} from 'node:fs';
import {readdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import * as z from 'zod';
import {isLeftBehind, replaceFileSync} from '../../process/temporary.ts';
import {type Travel, travelSchema} from '../travel/travel.ts';
import type {Departure} from './code.ts';

const entry = z.object({
  project: z.string(),
  id: z.string(),
  travel: travelSchema.optional(),
  notAfter: z.number().optional(),
});

interface Job {
  readonly project: string;
  readonly id: string;
}

/**
 * What this machine has handed over and the pool has not forgotten yet, with the code that goes with it: what was not
 * committed is nowhere else. Files of each in the data folder.
 */
export class PoolLedger {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** To be called before the pool has it, so that nothing stays there that nobody knows of. */
  add(job: string, {project, id}: Job, departure?: Departure): void {
    if (departure?.luggage !== undefined) {
      mkdirSync(this.folder, {recursive: true, mode: 0o700});
      renameSync(departure.luggage, this.#bundleOf(job));
    }
    this.#write(job, {project, id, ...(departure !== undefined && {travel: departure.travel})});
  }

  /** How its code travels, as it was planned; the file of its bundle, where it has one. */
  async departureOf(job: string): Promise<{readonly travel: Travel; readonly luggage?: string} | undefined> {
    const travel = (await this.#read(job))?.travel;
    if (travel === undefined) return undefined;
    return travel.way === 'bundle' ? {travel, luggage: this.#bundleOf(job)} : {travel};
  }

  /** When it is too late to begin it: as it was said when it was first submitted, or is said now. */
  async submitted(job: string, decide: () => Promise<number>): Promise<number> {
    const decided = (await this.#read(job))?.notAfter;
    const notAfter = decided ?? (await decide());
    // It may have been removed meanwhile, and stays so.
    const known = await this.#read(job);
    if (known !== undefined && known.notAfter === undefined) this.#write(job, {...known, notAfter});
    return notAfter;
  }

  async remove(job: string): Promise<void> {
    await rm(this.#bundleOf(job), {force: true});
    await rm(this.#entryOf(job), {force: true});
  }

  /** What cannot be read is left out. */
  async all(): Promise<readonly (Job & {readonly job: string})[]> {
    const names = await readdir(this.folder).catch(() => []);
    const left = names.filter((name) => isLeftBehind(name, 0));
    for (const name of left) await rm(join(this.folder, name), {force: true});
    const jobs = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
    const found = await Promise.all(jobs.map(async (job) => ({job, known: await this.#read(job)})));
    return found.flatMap(({job, known}) =>
      known === undefined ? [] : [{job, project: known.project, id: known.id}],
    );
  }

  async #read(job: string): Promise<z.output<typeof entry> | undefined> {
    try {
      return entry.parse(JSON.parse(await readFile(this.#entryOf(job), 'utf8')));
    } catch {
      return undefined;
    }
  }

  #write(job: string, known: z.input<typeof entry>): void {
    replaceFileSync(this.#entryOf(job), JSON.stringify(known));
  }

  #entryOf(job: string): string {
    return join(this.folder, `${job}.json`);
  }

  #bundleOf(job: string): string {
    return join(this.folder, `${job}.bundle`);
  }
}
