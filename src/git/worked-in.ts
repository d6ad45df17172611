import {mkdir, readdir, rm, rmdir} from 'node:fs/promises';
import {join} from 'node:path';
import type {Worktree} from '../delegation/model/worktree.ts';
import {copyChanges, type Refused} from './changes.ts';
import {foldersOf} from './folders.ts';
import type {Git} from './git.ts';
import {HeldFolder, isNothing} from './held-folder.ts';
import {type Place, placeOf, workshopOf} from './own-place.ts';
import type {RepositoryGit} from './repository-git.ts';

const CHANGES = /\.changes$/;

/** What is staged from: a worktree, or the same with another index. */
export interface Workplace {
  /** Git in the worktree. It runs no program, as it may be made to read what lies outside. Its answers are claims. */
  readonly look: RepositoryGit;
  /** Git with the copy for its files. */
  readonly git: RepositoryGit;
  /** Has the copy hold what is at these paths, and nothing else. Resolves with what could not be copied. */
  copy(paths: readonly string[]): Promise<readonly Refused[]>;
}

/** Where there is something to stage, by an index of one's own as well. */
export interface Stageable {
  readonly git: RepositoryGit;
  /** The same with variables of git's on top: another index, say. */
  with(env: NodeJS.ProcessEnv): Workplace;
}

/** The person's own checkout, in which git works on the files themselves. */
export function inPlace(git: RepositoryGit): Stageable {
  const plain = (one: RepositoryGit): Workplace => ({look: one, git: one, copy: async () => []});
  return {git, with: (env) => plain(git.with(env))};
}

/**
 * A worktree in which somebody has worked, and may still write: a process that an agent has started can outlive it, and
 * exchange any folder for a link that leads outside while git reads. So git only looks there, for the names of what
 * has changed. It stages from a copy of that, in which nobody else writes and in which nothing is from outside.
 */
export class WorkedIn implements Workplace, Stageable {
  readonly look: RepositoryGit;
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
   * @param copyTo the folder for the copy, of those who look beside the host. Default: where no sandbox shows it.
   * @throws when the path leads elsewhere, or its folders of git do.
   */
  static async open(git: Git, worktree: Worktree, copyTo?: string): Promise<WorkedIn | undefined> {
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
      const copy = copyTo ?? join(workshop, changesOf(place.id));
      await makeEmpty(copy);
      const options = {look: git.looking(folders), git: git.inside({...folders, workTree: copy})};
      return new WorkedIn(folder, {...options, workshop, copy});
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  with(env: NodeJS.ProcessEnv): Workplace {
    return {look: this.look.with(env), git: this.git.with(env), copy: (paths) => this.copy(paths)};
  }

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

/**
 * Removes what was done with a worktree in its workshop when the process was killed: nobody has worked there, and what is
 * there is nowhere else or a copy.
 */
export async function clearWorkshop(place: Place): Promise<void> {
  const workshop = await workshopOf(place);
  for (const name of [place.id, changesOf(place.id)])
    await rm(join(workshop, name), {recursive: true, force: true, maxRetries: 3});
  await removeIfEmpty(workshop);
}

/** Those that something is, or was, done with in a workshop; it is removed where there are none. */
export async function idsInWorkshop(place: Omit<Place, 'id'>): Promise<readonly string[]> {
  const workshop = await workshopOf(place);
  const names = await readdir(workshop).catch(() => []);
  if (names.length === 0) await removeIfEmpty(workshop);
  return [...new Set(names.map((name) => name.replace(CHANGES, '')))];
}

function changesOf(id: string): string {
  return `${id}.changes`;
}

async function makeEmpty(folder: string): Promise<void> {
  await rm(folder, {recursive: true, force: true, maxRetries: 3});
  await mkdir(folder, {recursive: true, mode: 0o700});
}
