import {readdirSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {originOf} from './origin.ts';
import {repositoryTopOf} from './repository.ts';

/** Git writes these when it makes a repository, and never again. */
const FIRST_FILES = ['description', 'info/exclude'];
const NANOSECOND_DIGITS = 9;
const NANOSECONDS_A_MILLISECOND = 1_000_000n;
/** A folder with more in it is not searched. */
const MAX_NEIGHBOURS = 1_000;

/** What tells one folder or repository from another in the same place. Each is absent where it cannot be known. */
export interface Identity {
  /** Of the folder that people see. It stays when the folder is moved on its file system. */
  readonly folder?: string | undefined;
  /** Of git's own folder, in the same way. */
  readonly git?: string | undefined;
  /** When git made the repository, in nanoseconds. It stays when the repository is moved to another file system, not when it is copied. */
  readonly made?: string | undefined;
  readonly origin?: string | undefined;
}

/** Of a folder, whether it is in a repository or not. */
export function identityOfFolder(path: string): Identity {
  return {folder: markOf(path)};
}

/** Of a repository, by the folder that its worktrees share. */
export function identityOfRepository(commonDir: string): Identity {
  const origin = originOf(commonDir);
  return {
    folder: markOf(repositoryTopOf(commonDir)),
    git: markOf(commonDir, {isOld: true}),
    made: madeAt(commonDir),
    origin: origin && ('address' in origin ? origin.address : origin.commonDir),
  };
}

/**
 * True where what is in a place is, for all that is known, what was there before. A folder without a repository has
 * nothing but its place: it is another one when the earlier one is still beside it, under a new name.
 */
export function isSame(before: Identity, now: Identity, place: string): boolean {
  const agrees = (part: keyof Identity) => before[part] !== undefined && before[part] === now[part];
  if (agrees('git')) return true;
  const wasMoved = differs(before, now, 'folder') && isBeside(repositoryTopOf(place), before.folder);
  if (wasMoved) return false;
  const isOfOneTime = areOneTime(before.made, now.made);
  if (isOfOneTime === true) return true;
  if (differs(before, now, 'origin')) return false;
  if (agrees('folder') || agrees('origin')) return true;
  return !differs(before, now, 'git') && isOfOneTime !== false;
}

/** True where a part is known of both, and another one. */
export function differs(before: Identity, now: Identity, part: keyof Identity): boolean {
  return before[part] !== undefined && now[part] !== undefined && before[part] !== now[part];
}

/** What stands for a repository elsewhere as well; `undefined` where others may have been made at that time. */
export function madeMarkOf({made}: Identity): string | undefined {
  return made === undefined || isWhole(made) ? undefined : `made at ${made}`;
}

/** What a folder keeps when it is moved; `undefined` where the file system does not say when it was made. */
function markOf(place: string, {isOld = false} = {}): string | undefined {
  try {
    const {ino, birthtimeNs, ctimeNs} = statSync(place, {bigint: true});
    // Where the system does not know it, Node may say when it was last changed. A git folder was changed after its birth.
    const isKnown = birthtimeNs !== 0n && !(isOld && birthtimeNs === ctimeNs);
    return isKnown ? `folder ${ino} made at ${birthtimeNs}` : undefined;
  } catch {
    return undefined;
  }
}

function madeAt(commonDir: string): string | undefined {
  for (const file of FIRST_FILES) {
    try {
      return statSync(join(commonDir, file), {bigint: true}).mtimeNs.toString();
    } catch {
      // A template of the user's may be without it.
    }
  }
  return undefined;
}

/**
 * Whether two times, in nanoseconds, are one; `undefined` where one is not known. Archives keep whole seconds, and many
 * programs that copy files keep milliseconds or microseconds.
 */
function areOneTime(before: string | undefined, now: string | undefined): boolean | undefined {
  if (before === undefined || now === undefined) return undefined;
  const seconds = (time: string) => time.slice(0, -NANOSECOND_DIGITS);
  const apart = BigInt(before) - BigInt(now);
  if (apart < NANOSECONDS_A_MILLISECOND && apart > -NANOSECONDS_A_MILLISECOND) return true;
  return (isWhole(before) || isWhole(now)) && seconds(before) === seconds(now);
}

function isWhole(time: string): boolean {
  return time.endsWith('0'.repeat(NANOSECOND_DIGITS));
}

function isBeside(folder: string, mark: string | undefined): boolean {
  try {
    const names = readdirSync(dirname(folder)).slice(0, MAX_NEIGHBOURS);
    return mark !== undefined && names.some((name) => markOf(join(dirname(folder), name)) === mark);
  } catch {
    return false;
  }
}
