import {promises, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Named} from '../../delegation/model/delegation.ts';
import {markName, namedBy} from '../files/mark-name.ts';
import {isProjectName} from '../files/project-name.ts';
import {syncFolder} from '../files/write-whole.ts';

/** Beside the folders of the projects; no project's name begins with a dot. */
const FOLDER = '.open';
/** For its owner alone. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** All that is marked at one moment. */
export interface Marks {
  readonly open: readonly Named[];
  /** The projects in which every record without an end has its mark. */
  readonly complete: ReadonlySet<string>;
}

/**
 * Empty files that say which records have no end yet, so that nobody has to read all of them to find out:
 *
 * - `<id>@<project>` is there from before the record is until after its end is on disk,
 * - `@<project>` says that no record of the project lacks its mark, which those of earlier versions do.
 *
 * The record is the truth: a mark says only that it is worth a look.
 */
export class OpenMarks {
  readonly #folder: string;

  /** @param root the folder that holds a folder for each project. */
  constructor(root: string) {
    this.#folder = join(root, FOLDER);
  }

  /** True when it was made; false when it was there. @throws when it cannot be written. */
  async make(mark: Named): Promise<boolean> {
    return this.#write(markName(mark));
  }

  /** @throws when it cannot be removed. */
  async remove(mark: Named): Promise<void> {
    rmSync(join(this.#folder, markName(mark)), {force: true});
  }

  /** When it was made, in milliseconds since the epoch; `undefined` when it is not there. */
  async madeAt(mark: Named): Promise<number | undefined> {
    return (await promises.stat(join(this.#folder, markName(mark))).catch(() => undefined))?.mtimeMs;
  }

  /** Every record of the project that has no end has its mark from now on. @throws when it cannot be written. */
  async complete(project: string): Promise<void> {
    await this.#open();
    // Before this survives a power cut, the marks must.
    await this.sync();
    await this.#write(markName({project, id: ''}));
  }

  /** A record of the project lacks its mark. @throws when it cannot be written. */
  async incomplete(project: string): Promise<void> {
    await this.remove({project, id: ''});
  }

  /** Resolves when the marks that were made survive a power cut. @throws when they may not. */
  sync(): Promise<void> {
    return syncFolder(this.#folder);
  }

  /** Nothing where nothing was ever marked. @throws when the folder cannot be read. */
  async all(): Promise<Marks> {
    const names = this.#names();
    const complete = names.filter((name) => name.startsWith('@')).map((name) => name.slice(1));
    return {
      open: names.flatMap((name) => namedBy(name) ?? []),
      complete: new Set(complete.filter(isProjectName)),
    };
  }

  async #open(): Promise<void> {
    const made = await promises.mkdir(this.#folder, {recursive: true, mode: FOLDER_MODE});
    if (made !== undefined) await syncFolder(dirname(this.#folder));
  }

  /** With no thread in between: a client's hook, which a prompt waits for, asks for it. */
  #names(): readonly string[] {
    try {
      return readdirSync(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async #write(name: string): Promise<boolean> {
    const path = join(this.#folder, name);
    try {
      return make(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await this.#open();
      return make(path);
    }
  }
}

/** False when it was there. */
function make(path: string): boolean {
  try {
    writeFileSync(path, '', {flag: 'wx', mode: FILE_MODE});
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
