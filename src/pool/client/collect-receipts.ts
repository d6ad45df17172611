import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import * as z from 'zod';
import type {Named} from '../../delegation/model/delegation.ts';
import {replaceFileSync} from '../../process/temporary.ts';

const receipt = z.object({project: z.string(), id: z.string()});

/** What this machine collects at the moment, so that it is not collected twice where that was broken off. */
export class CollectReceipts {
  readonly #folder: string;

  /** @param folder is made when it is first needed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async of(job: string): Promise<Named | undefined> {
    try {
      return receipt.parse(JSON.parse(await readFile(this.#path(job), 'utf8')));
    } catch {
      return undefined;
    }
  }

  write(job: string, {project, id}: Named): void {
    replaceFileSync(this.#path(job), JSON.stringify({project, id}));
  }

  async remove(job: string): Promise<void> {
    await rm(this.#path(job), {force: true});
  }

  #path(job: string): string {
    return join(this.#folder, `${job}.json`);
  }
}
