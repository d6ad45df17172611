import {chmod, mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {isProjectName} from './files/project-name.ts';
import {syncFolder} from './files/write-whole.ts';

/** For its owner alone. */
const FOLDER_MODE = 0o700;

export interface ProjectFoldersOptions {
  /** Holds a folder for each project; made when it is first needed. */
  readonly root: string;
  readonly log: Logger;
  /** Called with the name of a project whose folder was made: no record lies in it yet. */
  readonly onMade: (project: string) => Promise<void>;
}

/** The folders that records lie in, one for each project: which there are, and how one comes to be. */
export class ProjectFolders {
  readonly #options: ProjectFoldersOptions;

  constructor(options: ProjectFoldersOptions) {
    this.#options = options;
  }

  /** The names of all. Never rejects: where they cannot be read, there are none, and the log says so. */
  async all(): Promise<readonly string[]> {
    const {root, log} = this.#options;
    try {
      const entries = await readdir(root, {withFileTypes: true});
      const folders = entries.filter((entry) => entry.isDirectory()).map(({name}) => name);
      return folders.filter(isProjectName);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        log.warn(`${root} cannot be read: ${messageOf(error)}`);
      }
      return [];
    }
  }

  /** Does what needs the project's folder, which it makes where that is missing. */
  async within<T>(project: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await this.make(project);
      return action();
    }
  }

  /** Makes a project's folder, unless it is there. @throws when it cannot be made. */
  async make(project: string): Promise<void> {
    const {root, onMade} = this.#options;
    const folder = join(root, project);
    const made = await mkdir(folder, {recursive: true, mode: FOLDER_MODE});
    // The user's umask may have taken away more than we did, never less; a folder that was there stays.
    if (made === undefined) return;
    await chmod(folder, FOLDER_MODE);
    await syncFolder(root);
    await onMade(project);
  }
}
