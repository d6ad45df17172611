import {lstatSync, mkdirSync} from 'node:fs';
import {dirname} from 'node:path';

/** Permissions for anybody but the owner. */
const OTHERS = 0o077;

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
  if (problem === undefined) return;
  throw new UnsafeFolderError(
    `${folder} ${problem}, so it cannot hold the socket of opencode-delegate. Remove it, or set OPENCODE_DELEGATE_HOST=off to do without.`,
  );
}

/** True when the folder is there and the user's alone. Makes nothing. */
export function isPrivateFolder(folder: string): boolean {
  return lstatSync(folder, {throwIfNoEntry: false}) !== undefined && problemOf(folder) === undefined;
}

function problemOf(folder: string): string | undefined {
  const stats = lstatSync(folder);
  if (stats.isSymbolicLink()) return 'is a link';
  if (!stats.isDirectory()) return 'is not a directory';
  // Windows has neither owners nor modes here; there the pipe's own rights hold.
  if (process.getuid === undefined) return undefined;
  if (stats.uid !== process.getuid()) return `belongs to another user (${stats.uid})`;
  if ((stats.mode & OTHERS) !== 0) return `is open to others (mode ${(stats.mode & 0o777).toString(8)})`;
  return undefined;
}

/** True for an error of the system with this code. */
export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code);
}
