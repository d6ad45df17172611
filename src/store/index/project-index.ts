import {type BigIntStats, readFileSync, statSync} from 'node:fs';
import {opendir, readdir} from 'node:fs/promises';
import {sep} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {type DelegationHead, hasEnded} from '../../delegation/model/delegation.ts';
import {changed, type Listing, listingOf} from '../../delegation/model/listing.ts';
import {EXTENSION} from '../files/artifact.ts';
import {removeLeftovers} from '../files/leftover-files.ts';
import {fileBeginningOf} from '../files/read-file.ts';
import {versionOf} from '../files/write-whole.ts';
import {parseBeginning, parseHead} from '../record/record.ts';
import {FEW_FILES, ScanPace} from './scan-pace.ts';
import {Shared, untied} from './shared.ts';
import {Slices} from './slices.ts';

/** Stands for the version of a file that cannot be looked at. */
const UNREADABLE = 'unreadable';

/**
 * File systems stamp changes with the time of the last kernel tick, so two changes within one can look like
 * one. What changed as recently as this is looked at again the next time.
 */
const STAMP_GRAIN_MS = 50;
/** A record that ended and was written this long ago hardly changes any more. */
const QUIET_MS = 2 * 60_000;
/** What is begun beside an answer is begun when that has been given. */
const AFTER_ANSWER_MS = 50;

interface Indexed {
  readonly version: string;
  readonly writtenAt: number;
  /** `undefined` for a file that cannot be understood: it is not read again until it changes. */
  readonly head: DelegationHead | undefined;
}

/** Knows the heads of all records in one project's folder, and reads only what has changed. */
export class ProjectIndex {
  readonly #project: string;
  readonly #folder: string;
  readonly #log: Logger;
  readonly #shared = new Shared();
  readonly #files = new Map<string, Indexed>();
  /** The same for as long as nothing has changed. */
  #listing: Listing = listingOf([]);
  /** Names of files that have changed since. */
  readonly #changed = new Set<string>();
  /** The folder's version at the last scan: every whole write renames a file into it and so changes it. */
  #version = '';
  readonly #pace = new ScanPace();
  #scanning: Promise<unknown> = Promise.resolve();
  #begun: NodeJS.Timeout | undefined;

  constructor({project, folder, log}: {project: string; folder: string; log: Logger}) {
    this.#project = project;
    this.#folder = folder;
    this.#log = log;
  }

  /** All records that can be understood. */
  async list(): Promise<Listing> {
    // Anyone who asks while a scan is under way may have seen a newer folder than it: then it is scanned once more.
    const scan = this.#scanning.then(() => this.#scan());
    // A folder that cannot be read is told to the one who asked; the next one has it looked at again.
    this.#scanning = scan.catch(() => {});
    if (!this.#pace.isFresh(this.#files.size)) await scan;
    return this.#order();
  }

  /** As {@link list}; `undefined`, with a look begun a moment later, while many files have never been looked at. */
  async peek(): Promise<Listing | undefined> {
    if (!this.#pace.isFirst || (await hasFewFiles(this.#folder))) return this.list();
    this.#begun ??= setTimeout(() => {
      // Where it fails, the next one who peeks has it begun again.
      this.#begun = undefined;
      // Anyone who asks for the list hears of what goes wrong.
      void this.list().catch(() => {});
    }, AFTER_ANSWER_MS).unref();
    return undefined;
  }

  /** As it was when it was looked at last, or written. */
  known(id: string): DelegationHead | undefined {
    return this.#files.get(`${id}${EXTENSION}`)?.head;
  }

  /** Notes what this process has written itself. */
  put(head: DelegationHead, version: string): void {
    const name = `${head.id}${EXTENSION}`;
    this.#files.set(name, {version, writtenAt: Date.now(), head: this.#shared.share(untied(head))});
    this.#changed.add(name);
  }

  async #scan(): Promise<void> {
    const folder = look(this.#folder);
    if (folder === undefined) {
      this.#forgetAllBut(new Set());
      this.#version = '';
      return;
    }
    if (folder.version === this.#version) return;
    if (this.#pace.rests) return;
    const isFull = this.#pace.isFullDue;
    const now = Date.now();
    const all = await readdir(this.#folder);
    if (isFull) await removeLeftovers(this.#folder, {names: all, log: this.#log});
    const names = all.filter((name) => name.endsWith(EXTENSION));
    let known = 0;
    for (const name of names) if (this.#files.has(name)) known += 1;
    if (known < this.#files.size) this.#forgetAllBut(new Set(names));
    const due = isFull ? names : names.filter((name) => !isQuiet(this.#files.get(name), now));
    const slices = new Slices();
    for (const name of due) {
      this.#scanOrSkip(name);
      await slices.next();
    }
    this.#pace.looked({files: due.length, isFull});
    this.#version = now - folder.changedAt > STAMP_GRAIN_MS ? folder.version : '';
  }

  /** One that cannot be looked at, a link to itself say, is no record and takes nothing from the others. */
  #scanOrSkip(name: string): void {
    try {
      this.#scanFile(name);
    } catch (error) {
      if (this.#files.get(name)?.version !== UNREADABLE)
        this.#log.warn(`${this.#pathOf(name)} is skipped: ${messageOf(error)}`);
      this.#files.set(name, {version: UNREADABLE, writtenAt: 0, head: undefined});
      this.#changed.add(name);
    }
  }

  #scanFile(name: string): void {
    const path = this.#pathOf(name);
    const known = this.#files.get(name);
    if (known !== undefined && look(path)?.version === known.version) return;
    const opened = ifThere(() => fileBeginningOf(path));
    if (opened === undefined) {
      this.#forget(name);
      return;
    }
    const file = lookAt(opened.stats);
    const isSettled = Date.now() - file.changedAt > STAMP_GRAIN_MS;
    this.#files.set(name, {
      version: isSettled ? file.version : '',
      writtenAt: file.changedAt,
      head: this.#read(name, file, opened.bytes),
    });
    this.#changed.add(name);
  }

  #read(name: string, {isFile, size}: Look, beginning: Buffer): DelegationHead | undefined {
    const path = this.#pathOf(name);
    try {
      if (!isFile) throw new Error('it is no file');
      if (beginning.length === 0) return undefined;
      const project = this.#project;
      const head =
        parseBeginning(beginning, {size, project}) ?? untied(parseHead(readFileSync(path, 'utf8'), project));
      if (`${head.id}${EXTENSION}` !== name) throw new Error(`it says that its id is ${head.id}`);
      return this.#shared.share(head);
    } catch (error) {
      this.#log.warn(`${path} is skipped: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** With no look at the name, which is one of the folder's own. */
  #pathOf(name: string): string {
    return `${this.#folder}${sep}${name}`;
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    for (const name of this.#files.keys()) if (!present.has(name)) this.#forget(name);
  }

  #forget(name: string): void {
    this.#files.delete(name);
    this.#changed.add(name);
  }

  #order(): Listing {
    const changes = new Map(
      [...this.#changed].map((name) => [name.slice(0, -EXTENSION.length), this.#files.get(name)?.head]),
    );
    this.#changed.clear();
    this.#listing = changed(this.#listing, changes);
    return this.#listing;
  }
}

interface Look {
  readonly isFile: boolean;
  readonly version: string;
  readonly size: number;
  readonly changedAt: number;
}

function look(path: string): Look | undefined {
  const stats = statSync(path, {bigint: true, throwIfNoEntry: false});
  return stats && lookAt(stats);
}

function lookAt(stats: BigIntStats): Look {
  const [size, changedAt] = [Number(stats.size), Number(stats.mtimeMs)];
  return {isFile: stats.isFile(), version: versionOf(stats), size, changedAt};
}

/** What the action returns; `undefined` when it finds that there is no such file. */
function ifThere<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isQuiet(file: Indexed | undefined, now: number): boolean {
  return file?.head !== undefined && hasEnded(file.head.state) && now - file.writtenAt > QUIET_MS;
}

async function hasFewFiles(folder: string): Promise<boolean> {
  let count = 0;
  try {
    for await (const _ of await opendir(folder, {bufferSize: FEW_FILES}))
      if (++count > FEW_FILES) return false;
  } catch {
    // What is wrong with it is said by the one who lists it.
  }
  return true;
}
