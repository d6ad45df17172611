import {mkdir, rm, rmdir} from 'node:fs/promises';
import {join} from 'node:path';
import type {Worktree} from '../delegation/model/worktree.ts';
import {copyChanges, type Refused} from './changes.ts';
import {foldersOf} from './folders.ts';
import type {Git} from './git.ts';
import {HeldFolder, isNothing} from './held-folder.ts';
import {placeOf, workshopOf} from './own-place.ts';
import type {RepositoryGit} from './repository-git.ts';

/**
 * A worktree in which somebody has worked, and may still write: a process that an agent has started can outlive it, and
 * exchange any folder for a link that leads outside while git reads. So git only looks there, for the names of what
 * has changed. It stages from a copy of that, in which nobody else writes and in which nothing is from outside.
 */
export class WorkedIn {
  /** Git in the worktree. It runs no program, as it may be made to read what lies outside. Its answers are claims. */
  readonly look: RepositoryGit;
  /** Git with the copy for its files. */
  readonly git: RepositoryGit;
  readonly #folder: HeldFolder;
  readonly #workshop: string;
  readonly #copy: string;

  private constructor(
    folder: HeldFolder,
    {look, git, workshop, copy}: {look: RepositoryGit; git: RepositoryGit; workshop: string; copy: string},
  ) {
    this.#folder = folder;
    this.look = look;
    this.git = git;
    this.#workshop = workshop;
    this.#copy = copy;
  }

  /**
   * Resolves with `undefined` where there is nothing at its path. It must be closed.
   * @throws when the path leads elsewhere, or its folders of git do.
   */
  static async open(git: Git, worktree: Worktree): Promise<WorkedIn | undefined> {
    const place = placeOf(worktree.path);
    let folder: HeldFolder;
    try {
      folder = await HeldFolder.open(place.root, [place.project, place.id]);
    } catch (error) {
      if (isNothing(error)) return undefined;
      throw error;
    }
    try {
      const folders = await foldersOf(git, worktree, folder);
      const workshop = await workshopOf(place);
      const copy = join(workshop, `${place.id}.changes`);
      await makeEmpty(copy);
      const options = {look: git.looking(folders), git: git.inside({...folders, workTree: copy})};
      return new WorkedIn(folder, {...options, workshop, copy});
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** Has the copy hold what is at these paths, and nothing else. Resolves with what could not be copied. */
  async copy(paths: readonly string[]): Promise<readonly Refused[]> {
    await makeEmpty(this.#copy);
    return copyChanges(this.#folder, paths, this.#copy);
  }

  async close(): Promise<void> {
    await this.#folder.close();
    await rm(this.#copy, {recursive: true, force: true, maxRetries: 3});
    await removeIfEmpty(this.#workshop);
  }
}

/** Removes a project's workshop where nothing is done in it, and the one of all. */
export async function removeIfEmpty(workshop: string): Promise<void> {
  for (const folder of [workshop, join(workshop, '..')]) await rmdir(folder).catch(() => {});
}

async function makeEmpty(folder: string): Promise<void> {
  await rm(folder, {recursive: true, force: true, maxRetries: 3});
  await mkdir(folder, {recursive: true, mode: 0o700});
}
