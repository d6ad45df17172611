import {type BigIntStats, constants, type Dirent, existsSync} from 'node:fs';
import {type FileHandle, lstat, open, readdir, readlink, realpath, rmdir, unlink} from 'node:fs/promises';

/** Where Linux has a name for each open file, which leads to that file whatever has become of its path. */
const OPEN_FILES = '/proc/self/fd';
const CAN_HOLD = process.platform === 'linux' && existsSync(OPEN_FILES);
const {O_RDONLY, O_DIRECTORY = 0, O_NOFOLLOW = 0, O_NONBLOCK = 0} = constants;
/** What the system says of a link, or of something else, where a folder is to be. */
const NO_FOLDER: readonly unknown[] = ['ENOTDIR', 'ELOOP'];
/** So many at once. */
const BATCH = 32;

/** The name of something in a folder; bytes where it may be no UTF-8. */
export type Name = string | Buffer;

/**
 * A folder whose path somebody else may make lead elsewhere at any moment. No link is followed to it, and what is done
 * through this is done in it, or not at all. Where the system cannot hold a folder, its path is looked at again before
 * and after each step.
 */
export class HeldFolder {
  /** Its real path, as it was when it was opened. */
  readonly path: Buffer;
  readonly #parent: HeldFolder | undefined;
  readonly #handle: FileHandle | undefined;
  readonly #stats: BigIntStats;

  private constructor(
    path: Buffer,
    {parent, handle, stats}: {parent?: HeldFolder; handle: FileHandle | undefined; stats: BigIntStats},
  ) {
    this.path = path;
    this.#parent = parent;
    this.#handle = handle;
    this.#stats = stats;
  }

  /**
   * Opens a folder that nobody else can move, and below it those of the names, one in the other.
   * @throws as the system does, also where one of the names is a link.
   */
  static async open(path: string, names: readonly string[] = []): Promise<HeldFolder> {
    let folder = await HeldFolder.#opened(Buffer.from(await realpath(path)));
    for (const name of names) {
      const inner = await folder.folder(name).finally(folder.close);
      folder = inner;
    }
    return folder;
  }

  static async #opened(path: Buffer, parent?: HeldFolder, name?: Name): Promise<HeldFolder> {
    const at = parent === undefined || name === undefined ? path : parent.#at(name);
    const handle = CAN_HOLD
      ? await open(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((error) => failOpening(error, path))
      : undefined;
    const stats = await (handle?.stat({bigint: true}) ?? lstat(at, {bigint: true}));
    if (!stats.isDirectory()) throw notFolder(path);
    const folder = new HeldFolder(path, {...(parent && {parent}), handle, stats});
    await folder.#check();
    return folder;
  }

  /** The folder of a name in it. @throws as {@link open} does. */
  async folder(name: Name): Promise<HeldFolder> {
    return HeldFolder.#opened(below(this.path, name), this, name);
  }

  /** Does something at the path of a name in it. A link at its end must not be followed. */
  async with<Result>(name: Name, use: (path: Buffer) => Promise<Result>): Promise<Result> {
    await this.#check();
    const result = await use(this.#at(name)).catch((error) => fail(error, below(this.path, name)));
    await this.#check();
    return result;
  }

  /** What is in it. */
  entries(): Promise<readonly Dirent<Buffer>[]> {
    return this.with('.', (path) => readdir(path, {withFileTypes: true, encoding: 'buffer'}));
  }

  /** What a name in it is; `undefined` where there is nothing. */
  async look(name: Name): Promise<BigIntStats | undefined> {
    try {
      return await this.with(name, (path) => lstat(path, {bigint: true}));
    } catch (error) {
      if (isNothing(error)) return undefined;
      throw error;
    }
  }

  /** Where a link in it leads. */
  link(name: Name): Promise<Buffer> {
    return this.with(name, (path) => readlink(path, {encoding: 'buffer'}));
  }

  /** Opens a file in it to be read. @throws where it is none. */
  async file<Result>(name: Name, use: (file: FileHandle) => Promise<Result>): Promise<Result> {
    const path = below(this.path, name);
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    const file = await open(this.#at(name), flags).catch((error) => fail(error, path));
    try {
      const [stats, now] = [await file.stat({bigint: true}), await this.look(name)];
      if (!stats.isFile()) throw new Error(`${path} is not a file`);
      if (!CAN_HOLD && !isSame(stats, now)) throw changed(path);
      return await use(file);
    } finally {
      await file.close();
    }
  }

  /** Removes whatever has that name in it, and no link's target. What is not there is no failure. */
  async remove(name: Name): Promise<void> {
    const stats = await this.look(name);
    if (stats === undefined) return;
    if (!stats.isDirectory()) return this.with(name, unlink).catch(unlessNothing);
    const folder = await this.folder(name);
    try {
      const entries = await folder.entries();
      for (let index = 0; index < entries.length; index += BATCH) {
        const some = entries.slice(index, index + BATCH);
        await Promise.all(some.filter(isNoFolder).map((entry) => folder.remove(entry.name)));
      }
      for (const entry of entries) if (entry.isDirectory()) await folder.remove(entry.name);
    } finally {
      await folder.close();
    }
    await this.with(name, rmdir).catch(unlessNothing);
  }

  /** Must be called when it is no longer needed. */
  readonly close = async (): Promise<void> => {
    await this.#handle?.close();
  };

  #at(name: Name): Buffer {
    return below(
      this.#handle === undefined ? this.path : Buffer.from(`${OPEN_FILES}/${this.#handle.fd}`),
      name,
    );
  }

  async #check(): Promise<void> {
    if (this.#handle !== undefined) return;
    if (this.#parent !== undefined) await this.#parent.#check();
    if (!isSame(this.#stats, await lstat(this.path, {bigint: true}))) throw changed(this.path);
  }
}

/** True for the error of a path at which there is nothing. */
export function isNothing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function unlessNothing(error: unknown): void {
  if (!isNothing(error)) throw error;
}

function isNoFolder(entry: Dirent<Buffer>): boolean {
  return !entry.isDirectory();
}

function below(path: Buffer, name: Name): Buffer {
  return Buffer.concat([path, Buffer.from('/'), Buffer.from(name)]);
}

/** @throws what the system says, of the path as people know it. */
function fail(error: unknown, path: Buffer): never {
  if (!(error instanceof Error && 'code' in error)) throw error;
  throw Object.assign(new Error(`${error.code}: ${path}`, {cause: error}), {code: error.code});
}

function failOpening(error: unknown, path: Buffer): never {
  const isOther = error instanceof Error && 'code' in error && NO_FOLDER.includes(error.code);
  if (isOther) throw notFolder(path);
  return fail(error, path);
}

function notFolder(path: Buffer): Error {
  return Object.assign(new Error(`${path} is not a folder, but a link or something else`), {code: 'ENOTDIR'});
}

function isSame(one: BigIntStats, other: BigIntStats | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino;
}

function changed(path: Buffer): Error {
  return Object.assign(new Error(`${path} was exchanged while it was used`), {code: 'ESTALE'});
}
