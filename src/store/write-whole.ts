import {randomBytes} from 'node:crypto';
import {type FileHandle, link, open, rename, rm} from 'node:fs/promises';

/** For its owner alone. */
const FILE_MODE = 0o600;
/** What file systems without hard links answer to an attempt to make one. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];
/** What systems answer that do not sync folders. */
const NO_FOLDER_SYNC = ['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF'];

/**
 * Replaces a file whole: whoever reads it finds the old text or the new one, also after a crash. Resolves with
 * the new file's version when the text is on disk.
 *
 * A well-kept library would do the same with twice as many system calls; each delegation waits for three of
 * these writes.
 */
export async function replaceWhole(path: string, text: string): Promise<string> {
  const {temporary, version} = await writeBeside(path, text);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, {force: true});
    throw error;
  }
  return version;
}

/** As {@link replaceWhole}, unless there is such a file already: then nothing changes and it is `undefined`. */
export async function createWhole(path: string, text: string): Promise<string | undefined> {
  const {temporary, version} = await writeBeside(path, text);
  try {
    await link(temporary, path);
    return version;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return undefined;
    if (code === undefined || !NO_LINKS.includes(code)) throw error;
    return (await reserve(path)) ? await replaceWhole(path, text) : undefined;
  } finally {
    await rm(temporary, {force: true});
  }
}

/**
 * Resolves when what was made or renamed in the folder survives a power cut as well. Some systems (Windows) keep
 * folders safe by themselves and let nobody ask for it.
 */
export async function syncFolder(folder: string): Promise<void> {
  let opened: FileHandle | undefined;
  try {
    opened = await open(folder, 'r');
    await opened.sync();
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === undefined || !NO_FOLDER_SYNC.includes(code)) throw error;
  } finally {
    await opened?.close();
  }
}

/** What changes whenever a file does, made of what the file system knows of it. */
export function versionOf({ino, size, mtimeNs}: {ino: bigint; size: bigint; mtimeNs: bigint}): string {
  return `${ino}.${size}.${mtimeNs}`;
}

/** An empty file of that name keeps every other process from taking it; readers know it as not written yet. */
async function reserve(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', FILE_MODE)).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function writeBeside(path: string, text: string): Promise<{temporary: string; version: string}> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx', FILE_MODE);
    await file.writeFile(text);
    await file.sync();
    return {temporary, version: versionOf(await file.stat({bigint: true}))};
  } catch (error) {
    await rm(temporary, {force: true});
    throw error;
  } finally {
    await file?.close();
  }
}
