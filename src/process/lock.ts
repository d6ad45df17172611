import {linkSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {hasNoLinks} from '../base/no-links.ts';
import {unique} from '../base/unique.ts';
import {isPid, type ProcessIdentity, standingOf, thisProcess} from './identity.ts';
import {temporaryOf} from './temporary.ts';

/** A takeover is a few system calls; one that lasts longer belongs to a process that died in it. */
const TAKEOVER_MS = 2_000;

/** Who has a lock, as its file says. */
export interface LockOwner extends ProcessIdentity {
  /** When it took the lock, in milliseconds since the epoch. */
  readonly since: number;
}

export interface LockOptions {
  readonly path: string;
  /**
   * A lock that is this old, in milliseconds, and whose owner nobody can judge (it is in another container, on another
   * machine, or left no more than its number) may be taken over.
   */
  readonly patienceMs: number;
  /** Whether nobody answers for such an owner. Default: nobody does. */
  readonly refuses?: () => Promise<boolean>;
  /** A lock that is this old, in milliseconds, is taken over even from an owner that still runs. Default: never. */
  readonly expiresMs?: number;
}

/**
 * The right to do what only one process may do at a time: a file that says who does. The host, the store and notices
 * use it.
 *
 * The file gets its name by a link, so that nobody sees it half written, and the first link wins. A lock is stale when
 * its owner is surely gone, which number, start time, boot and namespace tell, or when it is old and nobody can judge
 * the owner. Taking a stale one over is a section of its own, a folder that only one process can make: in it, the file
 * is compared once more with what was judged. A process that dies in that section leaves the folder, which goes after
 * two seconds. So of two that judge the same stale lock one has it, unless one of them is stopped inside of its section
 * for longer than that: it then goes on as if nobody else had been there.
 */
export interface Lock {
  /** True when another process had it before, and may have done part of what it was for. */
  readonly isTakenOver: boolean;
  readonly isOurs: () => boolean;
  /** Takes it again where the file has been removed. Returns whether it is ours then. */
  renew(): boolean;
  /** Idempotent; what somebody else has taken over is left alone. */
  release(): void;
}

/** Takes the lock. `undefined` when somebody else has it or is about to have it. */
export async function takeLock(options: LockOptions): Promise<Lock | undefined> {
  const {path} = options;
  const text = JSON.stringify({...thisProcess(), since: Date.now(), mark: unique()});
  if (create(path, text)) return lockOf(path, text, false);
  // Judged now and compared again within the takeover: what was stale may be replaced meanwhile.
  const seen = textOf(path);
  if (!(await isStale(seen, options))) return undefined;
  return takeOver(path, text, seen) ? lockOf(path, text, true) : undefined;
}

/** Who has the lock; `undefined` when nobody, or when what is in the file is not understood. */
export function readOwner(path: string): LockOwner | undefined {
  return ownerIn(textOf(path));
}

/** True unless nobody has the lock, or the process that had it is surely gone. */
export function isHeld(path: string): boolean {
  const owner = readOwner(path);
  return owner !== undefined && standingOf(owner) !== 'gone';
}

/** Whether the process that made the lock file will never use it: it is safe to take it over. */
async function isStale(
  text: string | undefined,
  {path, patienceMs, refuses = async () => true, expiresMs = Number.POSITIVE_INFINITY}: LockOptions,
): Promise<boolean> {
  const age = ageOf(path);
  if (age !== undefined && age > expiresMs) return true;
  const owner = ownerIn(text);
  const standing = owner === undefined ? 'unknown' : standingOf(owner);
  if (standing !== 'unknown') return standing === 'gone';
  return age !== undefined && age > patienceMs && (await refuses());
}

/** Everything in here is synchronous, so that it is over within microseconds. */
function takeOver(path: string, text: string, seen: string | undefined): boolean {
  const section = `${path}.takeover`;
  if (!enter(section)) return false;
  try {
    if (textOf(path) !== seen) return false;
    rmSync(path, {force: true});
    return create(path, text);
  } finally {
    leave(section);
  }
}

function enter(section: string): boolean {
  try {
    mkdirSync(section, {mode: 0o700});
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  // The one who comes after us, or we ourselves at the next try, finds the way free.
  if ((ageOf(section) ?? 0) > TAKEOVER_MS) leave(section);
  return false;
}

function leave(section: string): void {
  try {
    rmdirSync(section);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** False when the name is taken. The file gets its name when it is whole: a link, unlike a new file, is never seen half written. */
function create(path: string, text: string): boolean {
  const complete = temporaryOf(path);
  try {
    writeFileSync(complete, text, {mode: 0o600});
    linkSync(complete, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!hasNoLinks(error)) throw error;
    return createUnlinked(path, text);
  } finally {
    rmSync(complete, {force: true});
  }
}

/** Here a reader may see the file before what is in it: then it is young, and left alone. */
function createUnlinked(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, {flag: 'wx', mode: 0o600});
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Versions before this one have left no more than number and time. */
function ownerIn(text: string | undefined): LockOwner | undefined {
  try {
    const {
      pid,
      startedAt = 0,
      since = startedAt,
      hostname = thisProcess().hostname,
      ...rest
    } = JSON.parse(text ?? '');
    return isPid(pid) ? {...rest, pid, hostname, since} : undefined;
  } catch {
    return undefined;
  }
}

function ageOf(path: string): number | undefined {
  const stats = statSync(path, {throwIfNoEntry: false});
  return stats === undefined ? undefined : Date.now() - stats.mtimeMs;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

function lockOf(path: string, text: string, isTakenOver: boolean): Lock {
  const isOurs = () => textOf(path) === text;
  return {
    isTakenOver,
    isOurs,
    renew: () => {
      if (textOf(path) !== undefined) return isOurs();
      mkdirSync(dirname(path), {recursive: true, mode: 0o700});
      return create(path, text);
    },
    release: () => {
      if (isOurs()) rmSync(path, {force: true});
    },
  };
}
