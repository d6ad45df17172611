import {promises, readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Named} from '../../delegation/model/delegation.ts';
import {markName, namedBy} from './mark-name.ts';

/** What can be said of a delegation, each in its folder beside those of the projects, whose names begin with no dot. */
const FOLDERS = {cancel: '.cancel', read: '.read'} as const;
/** A day longer than a delegation can run. */
const OLD_MS = 2 * 24 * 60 * 60_000;

/**
 * Word that a process leaves for the one that may change a record: that a delegation is to be cancelled, or that its
 * whole result was read. One empty file each, `<id>@<project>`.
 */
export class Words {
  readonly #folder: string;

  /** @param root the folder that holds a folder for each project. */
  constructor(root: string, about: keyof typeof FOLDERS) {
    this.#folder = join(root, FOLDERS[about]);
  }

  /** @throws when it cannot be written. */
  async add(named: Named): Promise<void> {
    await promises.mkdir(this.#folder, {recursive: true, mode: 0o700});
    await promises.writeFile(this.#pathOf(named), '', {mode: 0o600});
  }

  /** With no thread in between: each answer asks for it, nearly always there is nothing, and threads sync files. */
  async all(): Promise<readonly Named[]> {
    try {
      return readdirSync(this.#folder).flatMap((name) => namedBy(name) ?? []);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Removes those that nobody will take any more: what they are about has long had its end. Never rejects. */
  async tidy(): Promise<void> {
    for (const named of await this.all().catch(() => [])) {
      const {mtimeMs = Date.now()} = (await promises.stat(this.#pathOf(named)).catch(() => undefined)) ?? {};
      if (Date.now() - mtimeMs > OLD_MS) await this.remove(named).catch(() => {});
    }
  }

  /** Idempotent. */
  async remove(named: Named): Promise<void> {
    await promises.rm(this.#pathOf(named), {force: true});
  }

  #pathOf(named: Named): string {
    return join(this.#folder, markName(named));
  }
}
