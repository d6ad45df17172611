import {statSync} from 'node:fs';
import {join} from 'node:path';
import type {Made} from './notes.ts';
import {originOf} from './origin.ts';
import {repositoryTopOf} from './repository.ts';

/** Git writes it when it makes a repository, and never again. What copies a folder with its times keeps that time. */
const FIRST_FILE = 'description';

/** What a repository is at this moment, to be told from another one that takes its place. */
export function madeOf(commonDir: string): Made {
  const folder = markOf(repositoryTopOf(commonDir));
  const repository = changedAt(join(commonDir, FIRST_FILE));
  const origin = originOf(commonDir);
  const from = origin && ('address' in origin ? origin.address : origin.commonDir);
  return {
    ...(folder !== undefined && {folder}),
    ...(repository !== undefined && {repository}),
    ...(from !== undefined && {origin: from}),
  };
}

/**
 * True where another repository has taken the place of the one before. A repository that was made again in its folder,
 * one that was cloned again, and one that was brought back from a copy are still the same.
 *
 * @param commonDir where it lay.
 */
export function isAnother(before: Made, commonDir: string): boolean {
  // Nearly always it lies in the same folder, and nothing more has to be read.
  const folder = markOf(repositoryTopOf(commonDir));
  if (before.folder === undefined || folder === undefined || before.folder === folder) return false;
  const now = madeOf(commonDir);
  if (before.origin !== undefined && before.origin === now.origin) return false;
  if (before.repository === undefined || now.repository === undefined)
    return before.origin !== undefined && now.origin !== undefined;
  return !isSameTime(before.repository, now.repository);
}

/** What a folder keeps when it is moved; `undefined` where the file system does not say when it was made. */
export function markOf(place: string): string | undefined {
  try {
    const {ino, birthtimeNs} = statSync(place, {bigint: true});
    return birthtimeNs === 0n ? undefined : `folder ${ino} made at ${birthtimeNs}`;
  } catch {
    return undefined;
  }
}

/** Copies keep times to the nanosecond, to the millisecond, or to the second, by what makes them. */
function isSameTime(a: number, b: number): boolean {
  if (Math.abs(a - b) <= 1) return true;
  const isWhole = a % 1_000 === 0 || b % 1_000 === 0;
  return isWhole && Math.floor(a / 1_000) === Math.floor(b / 1_000);
}

function changedAt(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}
