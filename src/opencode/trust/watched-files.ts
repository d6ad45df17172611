import {createHash} from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import {dirname, join} from 'node:path';

/** To open a pipe would be to wait for the one who writes to it. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Of a file that is larger, what stands for its content is when it was changed. */
const LARGE_BYTES = 16 * 1024 * 1024;

/** Files that lie in a folder. */
export interface Tree {
  readonly files: readonly string[];
  /** False where there are more than were looked at. */
  readonly isWhole: boolean;
}

/** Reads files, and knows afterwards whether any of them is another now. */
export class WatchedFiles {
  /** What was looked at, with what changes when it does. */
  readonly #versions = new Map<string, string>();
  readonly #beings = new Map<string, string>();
  /** Paths with nothing at them. */
  readonly #missing = new Set<string>();

  /** The content of a file; empty where there is none that can be read. */
  text(path: string): string {
    return this.#read(path)?.toString('utf8') ?? '';
  }

  /** The content of a file as it is; `undefined` where there is none that can be read. */
  bytes(path: string): Buffer | undefined {
    return this.#read(path);
  }

  /** What stands for the content of a file; `undefined` where there is none that can be read. */
  digest(path: string): string | undefined {
    const {size = 0} = tried(() => statSync(path, {throwIfNoEntry: false})) ?? {};
    // To read it would keep everybody waiting.
    if (size > LARGE_BYTES) return this.isFile(path) ? sha256(versionOf(path)) : undefined;
    const content = this.#read(path);
    return content && sha256(content);
  }

  /** True when there is something at the path. What is in it does not matter. */
  isThere(path: string): boolean {
    const being = inodeOf(path);
    if (being === undefined) this.#missing.add(highestMissing(path));
    else this.#beings.set(path, being);
    return being !== undefined;
  }

  /** True when the path is a file. */
  isFile(path: string): boolean {
    this.#watch(path);
    return tried(() => statSync(path, {throwIfNoEntry: false}))?.isFile() === true;
  }

  /** The names in a folder; none where there is none. */
  names(folder: string): readonly string[] {
    this.#watch(folder);
    try {
      return readdirSync(folder).sort();
    } catch {
      return [];
    }
  }

  /** True while all is as it was. */
  get areSame(): boolean {
    for (const [path, version] of this.#versions) if (versionOf(path) !== version) return false;
    for (const [path, being] of this.#beings) if (inodeOf(path) !== being) return false;
    for (const path of this.#missing) if (versionOf(path) !== '') return false;
    return true;
  }

  #watch(path: string): void {
    const version = versionOf(path);
    if (version === '') this.#missing.add(highestMissing(path));
    else this.#versions.set(path, version);
  }

  #read(path: string): Buffer | undefined {
    this.#watch(path);
    let file: number | undefined;
    try {
      file = openSync(path, FLAGS);
      return fstatSync(file).isFile() ? readFileSync(file) : undefined;
    } catch {
      // What cannot be read, OpenCode cannot run either.
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  /** The files in a folder and in all below it, links followed, without what lies in folders to skip, by name or path. */
  tree(folder: string, {limit, skip = []}: {limit: number; skip?: readonly string[]}): Tree {
    const files: string[] = [];
    const seen = new Set<string>();
    const walk = (inner: string): boolean => {
      const being = inodeOf(inner) ?? '';
      if (seen.has(being)) return true;
      seen.add(being);
      return this.names(inner).every((name) => {
        const path = join(inner, name);
        // Where a link leads to can change without a change in the folder that it is in.
        if (isLink(path)) this.isThere(path);
        if (isFolder(path)) return skip.includes(name) || skip.includes(path) || walk(path);
        files.push(path);
        return files.length + seen.size <= limit;
      });
    };
    return {isWhole: walk(folder), files};
  }
}

/** Stands for a value, and for no other that anybody could find. */
export function sha256(value: unknown): string {
  const bytes = Buffer.isBuffer(value) ? value : JSON.stringify(value);
  return createHash('sha256').update(bytes).digest('hex');
}

/** The time of the last change in it cannot be set by the one who writes to a file. */
function versionOf(path: string): string {
  const stats = tried(() => statSync(path, {throwIfNoEntry: false, bigint: true}));
  return stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}

/** Nothing can come to be at a path before there is something at this one: many paths share one look. */
function highestMissing(path: string): string {
  const above = dirname(path);
  return above === path || versionOf(above) !== '' ? path : highestMissing(above);
}

function inodeOf(path: string): string | undefined {
  const stats = tried(() => statSync(path, {throwIfNoEntry: false}));
  return stats && `${stats.dev} ${stats.ino}`;
}

function isLink(path: string): boolean {
  return tried(() => lstatSync(path))?.isSymbolicLink() === true;
}

/** True for a folder, also where a link leads to one. */
export function isFolder(path: string): boolean {
  return tried(() => statSync(path, {throwIfNoEntry: false}))?.isDirectory() === true;
}

function tried<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
