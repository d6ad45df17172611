import {existsSync} from 'node:fs';
import {join, relative, resolve, sep} from 'node:path';
import {contains} from '../../base/contains.ts';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {realPathSync} from '../../base/real-path.ts';
import type {DelegationHead} from '../../delegation/model/delegation.ts';
import {isProjectName} from '../files/project-name.ts';
import {type EarlierOptions, earlierRecordsOf} from './earlier.ts';
import {type Identity, identityOfFolder, identityOfRepository, isSame} from './identity.ts';
import {InsideNotes} from './inside.ts';
import {earlierNameOf, nameFor} from './names.ts';
import type {Note} from './note.ts';
import {Notes} from './notes.ts';
import {type Origin, originOf} from './origin.ts';
import {ProjectPlaces} from './places.ts';
import {commonFolderOf, isBare, repositoryTopOf} from './repository.ts';

export interface ProjectsOptions extends EarlierOptions {
  readonly log: Logger;
  /** False for one who only looks. Default: true. */
  readonly mayWrite?: boolean;
}

/** What a repository has where nothing else is known of it. */
type Own = Pick<Note, 'name' | 'place'> & {readonly is: Identity};

/**
 * Knows which project a directory belongs to: that of its repository, with all worktrees and clones, or of itself where it
 * is in none. What was decided is written down and stays, whatever becomes of the history, so that nobody loses sight of
 * what was delegated. Another repository in the same place has another project.
 */
export class Projects {
  readonly #options: ProjectsOptions;
  readonly #notes: Notes;
  readonly #places: ProjectPlaces;
  readonly #inside: InsideNotes;
  /** By project and folder of an earlier version, the directories of its records there. */
  readonly #earlier = new Map<string, Map<string, Set<string>>>();
  /** Those that are being found out, by the real path of the directory. */
  readonly #finding = new Map<string, Promise<string>>();

  constructor(options: ProjectsOptions) {
    this.#options = options;
    this.#notes = new Notes(options);
    this.#places = new ProjectPlaces(this.#notes);
    this.#inside = new InsideNotes(this.#notes);
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
    const records = this.#ofRecords(path);
    if (records !== undefined) return records;
    const commonDir = commonFolderOf(path);
    const now = identityOfFolder(path);
    if (commonDir === undefined) return this.#ofFolder(path, now);
    if (path === repositoryTopOf(commonDir)) return this.#ofRepository(commonDir, []);
    // A folder that was in no repository keeps what it had.
    const own = this.#places.findFolder(path, now);
    if (own !== undefined) return this.#learn(own);
    const name = await this.#ofRepository(commonDir, []);
    await this.#inside.keep(path, {commonDir, name, now});
    return name;
  }

  /** The project of the records that a folder holds: so each is listed somewhere, also when its repository is gone. */
  #ofRecords(path: string): string | undefined {
    const root = realPathSync(this.#options.root);
    const [name = ''] = relative(root, path).split(sep);
    return contains(root, path) && isProjectName(name) && existsSync(join(root, name)) ? name : undefined;
  }

  async #ofFolder(path: string, now: Identity): Promise<string> {
    const own = this.#places.find(path, now);
    // A folder that is in no repository any more keeps what it had.
    const known = own ?? this.#places.find(join(path, '.git'), now) ?? this.#inside.find(path, now);
    if (known !== undefined && known !== own) return this.#learn(known);
    const decided = own ?? this.#places.findMoved(path, now) ?? {name: this.#nameOfFolder(path), earlier: {}};
    return this.#learn(await this.#places.settle(path, now, decided));
  }

  #nameOfFolder(path: string): string {
    const count = this.#places.countAt(path);
    const before = earlierNameOf(path);
    return count === 0 && existsSync(join(this.#options.root, before)) ? before : nameFor(path, count);
  }

  async #ofRepository(commonDir: string, seen: readonly string[]): Promise<string> {
    const is = identityOfRepository(commonDir);
    const origin = seen.includes(commonDir) ? undefined : originOf(commonDir);
    const known =
      this.#places.find(commonDir, is) ??
      this.#places.findMoved(commonDir, is) ??
      // The folder may have had a project before it had a repository.
      this.#places.findFolder(repositoryTopOf(commonDir), {folder: is.folder});
    if (known !== undefined) {
      const {name} = await this.#places.settle(commonDir, is, known);
      // A clone that is made later finds it by this.
      if (origin !== undefined && 'address' in origin)
        await this.#ofAddress(origin.address, {name, place: commonDir, is});
      return this.#learn({...known, name});
    }
    const count = this.#places.countAt(commonDir);
    const own = {name: nameFor(commonDir, count), place: commonDir, is};
    const name = await this.#ofOrigin(origin, own, [...seen, commonDir]);
    try {
      // What earlier versions have written in a place is that of what was there first.
      const earlier = count === 0 ? await earlierRecordsOf(commonDir, this.#options) : {};
      return this.#learn(await this.#places.settle(commonDir, is, {name, earlier}));
    } catch (error) {
      const {log, root} = this.#options;
      log.warn(`what earlier versions have written in ${root} is looked for again: ${messageOf(error)}`);
      return name;
    }
  }

  /** The project of what a repository was cloned from; its own one where that is another repository. */
  async #ofOrigin(origin: Origin | undefined, own: Own, seen: readonly string[]): Promise<string> {
    if (origin === undefined) return own.name;
    if ('address' in origin) return this.#ofAddress(origin.address, own);
    if (isBare(origin.commonDir)) return this.#ofRepository(origin.commonDir, seen);
    // A folder in which nobody has delegated is most likely a template.
    const {commonDir} = origin;
    const theirs = this.#places.find(commonDir, identityOfRepository(commonDir));
    return theirs === undefined ? own.name : this.#learn(theirs);
  }

  /** The project that clones of the same address have; the own one where there is none yet, and for all to come. */
  async #ofAddress(address: string, own: Own): Promise<string> {
    for (let n = 1; ; n++) {
      const of = `clones ${n} of ${address}`;
      const note = this.#notes.read(of) ?? (await this.#notes.write({of, earlier: {}, ...own}));
      // Of those that were made of a template, each has got another origin since.
      if (note.place === own.place && note.name === own.name) return note.name;
      if (this.#isStillOf(address, note)) return note.name;
    }
  }

  /** False of a repository that has another origin now, or none; of one that is gone nothing else is known. */
  #isStillOf(address: string, note: Note): boolean {
    const place = this.#places.whereIs(note);
    if (!existsSync(place)) return true;
    const now = identityOfRepository(place);
    const isThere = note.is === undefined || isSame(note.is, now, place);
    return !isThere || now.origin === address;
  }

  #learn({name, earlier}: Pick<Note, 'name' | 'earlier'>): string {
    const known = this.#earlier.get(name) ?? new Map<string, Set<string>>();
    for (const [folder, directories] of Object.entries(earlier)) {
      if (folder === name) continue;
      known.set(folder, new Set([...(known.get(folder) ?? []), ...directories]));
    }
    if (known.size > 0) this.#earlier.set(name, known);
    return name;
  }
}
