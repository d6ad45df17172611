import {mkdirSync, renameSync, writeFileSync} from 'node:fs';
import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import * as z from 'zod';
import type {Named} from '../../delegation/model/delegation.ts';

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
    mkdirSync(this.#folder, {recursive: true, mode: 0o700});
    writeFileSync(`${this.#path(job)}.part`, JSON.stringify({project, id}), {mode: 0o600});
    renameSync(`${this.#path(job)}.part`, this.#path(job));
  }

  async remove(job: string): Promise<void> {
    await rm(this.#path(job), {force: true});
  }

  #path(job: string): string {
    return join(this.#folder, `${job}.json`);
  }
}
