import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {type DelegationHead, hasEnded} from '../delegation/delegation.ts';
import {messageOf} from '../delegation/errors.ts';
import type {Logger} from '../log.ts';
import {EXTENSION} from './artifact.ts';
import {parseHead} from './record.ts';
import {versionOf} from './write-whole.ts';

/** So many files are looked at in one go, so that a first list of thousands blocks nobody for long. */
const BATCH = 200;
/**
 * File systems stamp changes with the time of the last kernel tick, so two changes within one can look like
 * one. What changed as recently as this is looked at again the next time.
 */
const STAMP_GRAIN_MS = 50;
/** A record that ended and was written this long ago hardly changes any more … */
const QUIET_MS = 2 * 60_000;
/** … so it is looked at only this often, while the others are looked at whenever the folder has changed. */
const FULL_SCAN_MS = 60_000;

/**
 * With so many files a look at the folder costs milliseconds, and every answer asks for one: then what other
 * processes write is seen this much later at the most. What this process writes is known at once in any case.
 */
const MANY_FILES = 1_000;
const MANY_FILES_SCAN_MS = 250;

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
  readonly #files = new Map<string, Indexed>();
  /** Newest first; the same array for as long as nothing has changed. */
  #heads: readonly DelegationHead[] = [];
  /** Names of files that have changed since the heads were put in order. */
  readonly #changed = new Set<string>();
  /** The folder's version at the last scan: every whole write renames a file into it and so changes it. */
  #version = '';
  #scannedAt = 0;
  #fullScanAt = 0;
  #scanning: Promise<unknown> = Promise.resolve();

  constructor({project, folder, log}: {project: string; folder: string; log: Logger}) {
    this.#project = project;
    this.#folder = folder;
    this.#log = log;
  }

  /** The heads of all records that can be understood, newest first. */
  async list(): Promise<readonly DelegationHead[]> {
    // Whoever asks while a scan is under way may have seen a newer folder than it: then it is scanned once more.
    const scan = this.#scanning.then(() => this.#scan());
    // A folder that cannot be read is told to whoever asked; the next one has it looked at anew.
    this.#scanning = scan.catch(() => {});
    await scan;
    return this.#order();
  }

  /** Notes what this process has written itself. */
  put(head: DelegationHead, version: string): void {
    const name = `${head.id}${EXTENSION}`;
    this.#files.set(name, {version, writtenAt: Date.now(), head: flat(head)});
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
    const now = Date.now();
    if (this.#files.size > MANY_FILES && now - this.#scannedAt < MANY_FILES_SCAN_MS) return;
    this.#scannedAt = now;
    const isFull = now - this.#fullScanAt > FULL_SCAN_MS;
    const names = readdirSync(this.#folder).filter((name) => name.endsWith(EXTENSION));
    let known = 0;
    for (const name of names) if (this.#files.has(name)) known += 1;
    if (known < this.#files.size) this.#forgetAllBut(new Set(names));
    let looked = 0;
    for (const name of names) {
      if (!isFull && isQuiet(this.#files.get(name), now)) continue;
      this.#scanFile(name);
      looked += 1;
      if (looked % BATCH === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (isFull) this.#fullScanAt = now;
    this.#version = now - folder.changedAt > STAMP_GRAIN_MS ? folder.version : '';
  }

  #scanFile(name: string): void {
    const file = look(join(this.#folder, name));
    if (file === undefined) {
      this.#forget(name);
      return;
    }
    if (this.#files.get(name)?.version === file.version) return;
    const isSettled = Date.now() - file.changedAt > STAMP_GRAIN_MS;
    this.#files.set(name, {
      version: isSettled ? file.version : '',
      writtenAt: file.changedAt,
      head: this.#read(name, file),
    });
    this.#changed.add(name);
  }

  #read(name: string, {isFile}: {isFile: boolean}): DelegationHead | undefined {
    const path = join(this.#folder, name);
    try {
      // To read a pipe would be to wait for whoever writes to it.
      if (!isFile) throw new Error('it is no file');
      const file = readFileSync(path, 'utf8');
      if (file === '') return undefined;
      const head = parseHead(file, this.#project);
      if (`${head.id}${EXTENSION}` !== name) throw new Error(`it says that its id is ${head.id}`);
      return flat(head);
    } catch (error) {
      this.#log.warn(`${path} is skipped: ${messageOf(error)}`);
      return undefined;
    }
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    for (const name of this.#files.keys()) if (!present.has(name)) this.#forget(name);
  }

  #forget(name: string): void {
    this.#files.delete(name);
    this.#changed.add(name);
  }

  #order(): readonly DelegationHead[] {
    if (this.#changed.size === 0) return this.#heads;
    const fresh = [...this.#changed].flatMap((name) => this.#files.get(name)?.head ?? []);
    const changed = new Set([...this.#changed].map((name) => name.slice(0, -EXTENSION.length)));
    const rest = this.#heads.filter(({id}) => !changed.has(id));
    this.#changed.clear();
    // What is new is mostly newest, so there is next to nothing to sort.
    this.#heads = [...fresh, ...rest].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
    return this.#heads;
  }
}

function look(path: string): {version: string; changedAt: number; isFile: boolean} | undefined {
  const stats = statSync(path, {bigint: true, throwIfNoEntry: false});
  return stats && {isFile: stats.isFile(), version: versionOf(stats), changedAt: Number(stats.mtimeMs)};
}

function isQuiet(file: Indexed | undefined, now: number): boolean {
  return file?.head !== undefined && hasEnded(file.head.state) && now - file.writtenAt > QUIET_MS;
}

/** A copy without ties to the file's text, all of which each piece of it would keep in memory. */
function flat(head: DelegationHead): DelegationHead {
  return JSON.parse(JSON.stringify(head)) as DelegationHead;
}
