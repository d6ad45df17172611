import {lstatSync, mkdirSync, realpathSync, type Stats, statSync} from 'node:fs';
import {dirname} from 'node:path';

/** Permissions for anybody but the owner. */
const OTHERS = 0o077;
const GROUP_WRITES = 0o020;
const ALL_WRITE = 0o002;
/** In a folder with this, as in `/tmp`, nobody can move what is somebody else's. */
const STICKY = 0o1000;
/** Who owns, in a namespace of users, what belongs to somebody outside of it, as root is. */
const OUTSIDE_UID = 65_534;

/** A folder that somebody else could use to read what we say, or to answer in our place. */
export class UnsafeFolderError extends Error {
  override readonly name = 'UnsafeFolderError';
}

/**
 * Makes a folder for the user alone, or makes sure that the one which is there is such a folder.
 * @throws UnsafeFolderError when it is not, naming what is wrong and what to do.
 */
export function ensurePrivateFolder(folder: string): void {
  mkdirSync(dirname(folder), {recursive: true, mode: 0o700});
  try {
    mkdirSync(folder, {mode: 0o700});
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
  const problem = problemOf(folder);
  if (problem !== undefined) {
    throw new UnsafeFolderError(
      `${folder} ${problem}, so it cannot hold the socket of opencode-delegate. Remove it, or set OPENCODE_DELEGATE_HOST=off to do without.`,
    );
  }
  ensureStays(folder);
}

/**
 * Makes sure that what is in a folder was put there by the user, no matter who may read it.
 * @throws UnsafeFolderError when others can write there, or put another folder in its place.
 */
export function ensureOwnFolder(folder: string): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  const real = realpathSync(folder);
  const stats = statSync(real);
  const {mode, gid} = stats;
  // Where everybody has a group of their own, it has their number, and who writes for the group is they.
  const isShared = (mode & ALL_WRITE) !== 0 || ((mode & GROUP_WRITES) !== 0 && gid !== uid);
  const problem = isShared ? `others can write there (mode ${modeOf(mode)})` : problemAbove(stats, uid);
  if (problem !== undefined) throw unsafe(real, problem);
  ensureStays(real);
}

/** What is private can still be moved away, and be replaced, by the one who can write in a folder above it. */
function ensureStays(folder: string): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  for (let above = dirname(realpathSync(folder)); ; above = dirname(above)) {
    const problem = problemAbove(statSync(above), uid);
    if (problem !== undefined) throw unsafe(above, problem);
    if (above === dirname(above)) return;
  }
}

function problemAbove(stats: Stats, uid: number): string | undefined {
  if ((stats.mode & ALL_WRITE) !== 0 && (stats.mode & STICKY) === 0)
    return `others can replace what is in it (mode ${modeOf(stats.mode)})`;
  // Root works in folders of others, as containers have them, and who root is could do anything anyway.
  if (uid !== 0 && ![uid, 0, OUTSIDE_UID].includes(stats.uid))
    return `it belongs to another user (${stats.uid})`;
  return undefined;
}

function unsafe(folder: string, problem: string): UnsafeFolderError {
  return new UnsafeFolderError(
    `${folder} is not safe: ${problem}, so what opencode-delegate keeps there could be somebody else's. Take the right from them (chmod go-w), or set OPENCODE_DELEGATE_DATA_DIR to a folder that only you can write.`,
  );
}

function modeOf(mode: number): string {
  return (mode & 0o7777).toString(8);
}

/** True when the folder is there and the user's alone. Makes nothing. */
export function isPrivateFolder(folder: string): boolean {
  try {
    return problemOf(folder) === undefined;
  } catch {
    // It is not there, or lies where we may not look.
    return false;
  }
}

function problemOf(folder: string): string | undefined {
  const stats = lstatSync(folder);
  if (stats.isSymbolicLink()) return 'is a link';
  if (!stats.isDirectory()) return 'is not a directory';
  // Windows has neither owners nor modes here; there the pipe's own rights hold.
  if (process.getuid === undefined) return undefined;
  if (stats.uid !== process.getuid()) return `belongs to another user (${stats.uid})`;
  if ((stats.mode & OTHERS) !== 0) return `is open to others (mode ${modeOf(stats.mode & 0o777)})`;
  return undefined;
}

/** True for an error of the system with this code. */
export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code);
}
