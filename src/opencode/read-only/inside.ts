import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import {resolve} from 'node:path';
import {forbidden} from './confine.ts';

/** To look again at more would take more memory than a server should. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Where Linux says what an open file really is, whatever its path has become. */
const OPEN_FILES = '/proc/self/fd';
/** Not `O_NONBLOCK` on Windows, which has none: opening a pipe must not wait for somebody to write. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** What a file inside the directory holds; `undefined` for what is not one, or must not be read. */
export function contentOf(path: string, root: string): Buffer | undefined {
  return opened(path, root, (fd, stats) =>
    stats.isFile() && stats.size <= MAX_BYTES ? readFileSync(fd) : undefined,
  );
}

/** The names in a folder inside the directory, or the directory itself; `undefined` for what is not one. */
export function namesIn(path: string, root: string): ReadonlySet<string> | undefined {
  return opened(path, root, (fd, stats, real) => {
    if (!stats.isDirectory()) return undefined;
    if (process.platform === 'linux') return new Set(readdirSync(`${OPEN_FILES}/${fd}`));
    const names = readdirSync(real);
    return isStill(path, stats) ? new Set(names) : undefined;
  });
}

/**
 * Hands on what is opened only when that is inside: a path can lead elsewhere between any two looks at it, and what
 * is open stays what it is.
 */
function opened<T>(
  path: string,
  root: string,
  use: (fd: number, stats: Stats, real: string) => T | undefined,
): T | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(resolve(root, path), FLAGS);
    const stats = fstatSync(fd);
    const real =
      process.platform === 'linux' ? readlinkSync(`${OPEN_FILES}/${fd}`) : realpathSync(resolve(root, path));
    if (forbidden(real, root) !== undefined || forbidden(path, root) !== undefined) return undefined;
    if (process.platform !== 'linux' && !isStill(path, stats)) return undefined;
    return use(fd, stats, real);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** True while a path leads to what was opened by it. */
function isStill(path: string, {dev, ino}: Stats): boolean {
  const now = statSync(path);
  return now.dev === dev && now.ino === ino;
}
