import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {promisify} from 'node:util';
import {hasNoLinks} from '../../base/no-links.ts';
import {temporaryOf} from '../../process/temporary.ts';

/**
 * To wait until what was written is on disk is the only step that takes long. Each of the others takes less than
 * handing it to a thread and hearing back.
 */
const synced = promisify(fsync);

/** For its owner alone. */
const FILE_MODE = 0o600;
/** What systems answer that do not sync folders. */
const NO_FOLDER_SYNC = ['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF'];

/** How a file is replaced that is not ours alone. */
export interface WholeOptions {
  /** Who may do what with it, and whose it is; for its owner alone where it is left out. */
  readonly mode?: {readonly mode: number; readonly uid: number; readonly gid: number};
  /** Called at the last moment. What it throws keeps the file as it is. */
  readonly check?: () => void;
}

/**
 * Replaces a file whole: anyone who reads it finds the old text or the new one, also after a crash. Resolves with
 * the new file's version when the text is on disk.
 *
 * A well-kept library would do the same with twice as many system calls; each delegation waits for three of
 * these writes.
 */
export async function replaceWhole(path: string, text: string, options: WholeOptions = {}): Promise<string> {
  const {temporary, version} = await writeBeside(path, text, options);
  try {
    options.check?.();
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, {force: true});
    throw error;
  }
  return version;
}

/**
 * As {@link replaceWhole}, unless there is such a file already: then nothing changes and it is `undefined`.
 * @param isHurried true for one who does not wait for the disk, and calls {@link syncFile} afterwards.
 */
export async function createWhole(
  path: string,
  text: string,
  {isHurried = false} = {},
): Promise<string | undefined> {
  const {temporary, version} = await writeBeside(path, text, {isHurried});
  try {
    linkSync(temporary, path);
    return version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    if (!hasNoLinks(error)) throw error;
    return reserve(path) ? await replaceWhole(path, text) : undefined;
  } finally {
    rmSync(temporary, {force: true});
  }
}

/** Resolves when what the file has in it is on disk. */
export async function syncFile(path: string): Promise<void> {
  const file = openSync(path, 'r+');
  try {
    await synced(file);
  } finally {
    closeSync(file);
  }
}

/** Those that wait for one of the same folder to be over. */
const nextSyncs = new Map<string, Promise<void>>();
/** Those that are under way. */
const syncs = new Map<string, Promise<void>>();

/**
 * Resolves when what was made or renamed in the folder survives a power cut as well. Some systems (Windows) keep
 * folders safe by themselves and let nobody ask for it. One that has not begun yet serves all who ask meanwhile.
 */
export function syncFolder(folder: string): Promise<void> {
  const waiting = nextSyncs.get(folder);
  if (waiting !== undefined) return waiting;
  const running = syncs.get(folder);
  if (running === undefined) return beginSync(folder);
  const next = running
    .catch(() => {})
    .then(() => {
      nextSyncs.delete(folder);
      return beginSync(folder);
    });
  nextSyncs.set(folder, next);
  return next;
}

function beginSync(folder: string): Promise<void> {
  const sync = syncNow(folder).finally(() => syncs.delete(folder));
  syncs.set(folder, sync);
  return sync;
}

async function syncNow(folder: string): Promise<void> {
  let opened: number | undefined;
  try {
    opened = openSync(folder, 'r');
    await synced(opened);
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === undefined || !NO_FOLDER_SYNC.includes(code)) throw error;
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

/** What changes whenever a file does, made of what the file system knows of it. */
export function versionOf({ino, size, mtimeNs}: {ino: bigint; size: bigint; mtimeNs: bigint}): string {
  return `${ino}.${size}.${mtimeNs}`;
}

/** An empty file of that name keeps every other process from taking it; readers know it as not written yet. */
function reserve(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function writeBeside(
  path: string,
  text: string,
  {mode, isHurried = false}: WholeOptions & {readonly isHurried?: boolean} = {},
): Promise<{temporary: string; version: string}> {
  const temporary = temporaryOf(path);
  let file: number | undefined;
  try {
    file = openSync(temporary, 'wx', FILE_MODE);
    writeFileSync(file, text);
    if (mode !== undefined) giveTo(file, mode);
    if (!isHurried) await synced(file);
    return {temporary, version: versionOf(fstatSync(file, {bigint: true}))};
  } catch (error) {
    rmSync(temporary, {force: true});
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function giveTo(file: number, {mode, uid, gid}: NonNullable<WholeOptions['mode']>): void {
  const own = fstatSync(file);
  // First, as a change of owner takes bits away.
  if (own.uid !== uid || own.gid !== gid) fchownSync(file, uid, gid);
  fchmodSync(file, mode & 0o7777);
}
