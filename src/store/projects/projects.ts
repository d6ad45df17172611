import {existsSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {realPathSync} from '../../base/real-path.ts';
import type {DelegationHead} from '../../delegation/model/delegation.ts';
import {type EarlierOptions, earlierRecordsOf} from './earlier.ts';
import {isAnother, madeOf, markOf} from './made.ts';
import {earlierNameOf, nameFor} from './names.ts';
import {type Note, Notes} from './notes.ts';
import {type Origin, originOf} from './origin.ts';
import {commonFolderOf, repositoryTopOf} from './repository.ts';

export interface ProjectsOptions extends EarlierOptions {
  readonly log: Logger;
}

/**
 * Knows which project a directory belongs to: that of its repository, with all worktrees and clones, or of itself where it
 * is in none. What was decided is written down and stays, whatever becomes of the history, so that nobody loses sight of
 * what was delegated.
 */
export class Projects {
  readonly #options: ProjectsOptions;
  readonly #notes: Notes;
  /** By project and folder of an earlier version, the directories of its records there. */
  readonly #earlier = new Map<string, Map<string, Set<string>>>();
  /** Those that are being found out, by the real path of the directory. */
  readonly #finding = new Map<string, Promise<string>>();

  constructor(options: ProjectsOptions) {
    this.#options = options;
    this.#notes = new Notes(options.root);
  }

  /** The name of a directory's project, which is that of its folder as well. Never rejects. */
  of(directory: string): Promise<string> {
    const path = realPathSync(resolve(directory));
    const finding = this.#finding.get(path) ?? this.#find(path).finally(() => this.#finding.delete(path));
    this.#finding.set(path, finding);
    return finding;
  }

  /** The folders of earlier versions that have records of a project which somebody has asked for. */
  earlierOf(project: string): readonly string[] {
    return [...(this.#earlier.get(project)?.keys() ?? [])];
  }

  /** True for a record of the project, also where it is in a folder of an earlier version. */
  has(project: string, head: Pick<DelegationHead, 'project' | 'directory'>): boolean {
    if (head.project === project) return true;
    return this.#earlier.get(project)?.get(head.project)?.has(head.directory) === true;
  }

  async #find(path: string): Promise<string> {
    const commonDir = commonFolderOf(path);
    // A folder that was none of a repository, or is none any more, keeps what it had.
    const known =
      this.#known(path) ?? (commonDir === undefined ? this.#known(join(path, '.git')) : undefined);
    if (known !== undefined) return known;
    return commonDir === undefined ? this.#ofFolder(path) : this.#ofRepository(commonDir, []);
  }

  #known(place: string): string | undefined {
    const {note} = this.#noteOf(place);
    return note && this.#learn(note);
  }

  /** What is written down of what lies at a place now, and its number among all that have lain there. */
  #noteOf(place: string): {readonly note: Note | undefined; readonly n: number} {
    return this.#noteThat(place, ({made}) => made === undefined || !isAnother(made, place));
  }

  /** The first note on a place that fits, with its number; where none does, the number that the next one gets. */
  #noteThat(
    place: string,
    fits: (note: Note) => boolean,
  ): {readonly note: Note | undefined; readonly n: number} {
    for (let n = 1; ; n++) {
      const note = this.#notes.read(placeNote(place, n));
      if (note === undefined || fits(note)) return {note, n};
    }
  }

  async #ofFolder(path: string): Promise<string> {
    const before = earlierNameOf(path);
    const has = existsSync(join(this.#options.root, before));
    return this.#settle(path, has ? {name: before} : (this.#moved(path) ?? {name: nameFor(path)}));
  }

  async #ofRepository(commonDir: string, seen: readonly string[]): Promise<string> {
    const origin = seen.includes(commonDir) ? undefined : originOf(commonDir);
    const known = this.#known(commonDir);
    if (known !== undefined) {
      // Whoever clones it later finds it by this.
      await this.#ofOrigin(origin, {name: known, place: commonDir}, [...seen, commonDir]);
      return known;
    }
    // The folder may have had a project before it had a repository.
    const before = this.#moved(commonDir) ?? this.#noteOf(repositoryTopOf(commonDir)).note;
    if (before !== undefined) return this.#settle(commonDir, before);
    const own = {name: nameFor(commonDir, this.#noteOf(commonDir).n), place: commonDir};
    const name = await this.#ofOrigin(origin, own, [...seen, commonDir]);
    try {
      return await this.#settle(commonDir, {name, earlier: await earlierRecordsOf(commonDir, this.#options)});
    } catch (error) {
      const {log, root} = this.#options;
      log.warn(`what earlier versions have written in ${root} is looked for again: ${messageOf(error)}`);
      return name;
    }
  }

  /** The project that clones of the same origin have; the own one where there is none yet, and for all to come. */
  async #ofOrigin(
    origin: Origin | undefined,
    own: Pick<Note, 'name' | 'place'>,
    seen: readonly string[],
  ): Promise<string> {
    if (origin === undefined) return own.name;
    if ('commonDir' in origin) return this.#ofRepository(origin.commonDir, seen);
    for (let n = 1; ; n++) {
      const of = `clones ${n} of ${origin.address}`;
      const note = this.#notes.read(of) ?? (await this.#write({of, earlier: {}, ...own}));
      // Of those that were made of a template, each has got another origin since.
      if (note.place === own.place || this.#isStillOf(origin.address, note)) return note.name;
    }
  }

  /** What was written down of the same folder under another path, from which it was moved. */
  #moved(place: string): Pick<Note, 'name' | 'earlier'> | undefined {
    const mark = markOf(place);
    const note = mark === undefined ? undefined : this.#notes.read(mark);
    return note && this.#noteThat(note.place, ({name}) => name === note.name).note;
  }

  /** False of a repository that has another origin now, or none; of one that is gone nothing else is known. */
  #isStillOf(address: string, {place, name}: Pick<Note, 'place' | 'name'>): boolean {
    if (!existsSync(place) || this.#noteOf(place).note?.name !== name) return true;
    const origin = originOf(place);
    return origin !== undefined && 'address' in origin && origin.address === address;
  }

  /** Writes down which project a place has from now on. */
  async #settle(place: string, {name, earlier = {}}: Pick<Note, 'name'> & Partial<Note>): Promise<string> {
    const made = commonFolderOf(place) === place ? {made: madeOf(place)} : {};
    const note = await this.#write({
      of: placeNote(place, this.#noteOf(place).n),
      name,
      place,
      earlier,
      ...made,
    });
    const mark = markOf(place);
    if (mark !== undefined) await this.#write({of: mark, name: note.name, place, earlier: {}});
    return this.#learn(note);
  }

  /** Where it cannot be written, it is found out anew the next time, with the same result while nothing changes. */
  async #write(note: Note): Promise<Note> {
    try {
      return await this.#notes.write(note);
    } catch (error) {
      this.#options.log.warn(
        `that ${note.place} has the project ${note.name} was not written down: ${messageOf(error)}`,
      );
      return note;
    }
  }

  #learn({name, earlier}: Note): string {
    const known = this.#earlier.get(name) ?? new Map<string, Set<string>>();
    for (const [folder, directories] of Object.entries(earlier)) {
      if (folder === name) continue;
      known.set(folder, new Set([...(known.get(folder) ?? []), ...directories]));
    }
    if (known.size > 0) this.#earlier.set(name, known);
    return name;
  }
}

/** @param n which of those that have lain there one after the other. */
function placeNote(place: string, n = 1): string {
  return n === 1 ? `place ${place}` : `place ${n} at ${place}`;
}
