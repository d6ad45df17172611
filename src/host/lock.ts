import {linkSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {isAlive} from '../alive.ts';
import {parseObject} from './message.ts';
import {isCode} from './private-folder.ts';

/**
 * A host has its socket within this time of its lock. Later, an owner whose socket refuses is another process
 * that got the number of a host that died.
 */
const START_MS = 10_000;
/** A takeover is a few system calls; one that lasts longer belongs to a process that died in it. */
const TAKEOVER_MS = 2_000;

export interface Owner {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface LockOptions {
  readonly path: string;
  /** Whether nobody answers at the owner's socket. Asked only about an owner that is not surely dead. */
  readonly refuses: () => Promise<boolean>;
  /** Tests stand in for another process. */
  readonly pid?: number;
}

/** The right to be the host of an environment. */
export interface Lock {
  readonly isOurs: () => boolean;
  /** Idempotent; what somebody else has taken over is left alone. */
  release(): void;
}

/** Takes the lock. `undefined` when somebody else has it or is about to have it. */
export async function takeLock({path, refuses, pid = process.pid}: LockOptions): Promise<Lock | undefined> {
  const owner: Owner = {pid, startedAt: Date.now()};
  const complete = `${path}.${pid}`;
  writeFileSync(complete, JSON.stringify(owner), {mode: 0o600});
  try {
    if (link(complete, path)) return lockOf(path, owner);
    // Judged now and compared again within the takeover: what was stale may be replaced meanwhile.
    const seen = readOwner(path);
    if (!(await isStale(path, seen, refuses))) return undefined;
    return takeOver(path, complete, seen) ? lockOf(path, owner) : undefined;
  } finally {
    rmSync(complete, {force: true});
  }
}

/** Who has the lock; `undefined` when nobody, or when the file cannot be read. */
export function readOwner(path: string): Owner | undefined {
  try {
    const value = parseObject(readFileSync(path));
    const {pid, startedAt} = value ?? {};
    return typeof pid === 'number' && typeof startedAt === 'number' ? {pid, startedAt} : undefined;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether whoever made the lock file will never serve: it is safe to take it over. */
async function isStale(
  path: string,
  owner: Owner | undefined,
  refuses: () => Promise<boolean>,
): Promise<boolean> {
  if (owner !== undefined && !isAlive(owner.pid)) return true;
  const age = ageOf(path);
  return age !== undefined && age > START_MS && (await refuses());
}

/** Everything in here is synchronous, so that it is over within microseconds. */
function takeOver(path: string, complete: string, seen: Owner | undefined): boolean {
  const section = `${path}.takeover`;
  if (!enter(section)) return false;
  try {
    const now = readOwner(path);
    if (now?.pid !== seen?.pid || now?.startedAt !== seen?.startedAt) return false;
    rmSync(path, {force: true});
    return link(complete, path);
  } finally {
    leave(section);
  }
}

function enter(section: string): boolean {
  try {
    mkdirSync(section, {mode: 0o700});
    return true;
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
  // Whoever comes after us, or we ourselves at the next try, finds the way free.
  if ((ageOf(section) ?? 0) > TAKEOVER_MS) leave(section);
  return false;
}

function leave(section: string): void {
  try {
    rmdirSync(section);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

/** False when the name is taken. A link, unlike a new file, is never seen half written. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function ageOf(path: string): number | undefined {
  const stats = statSync(path, {throwIfNoEntry: false});
  return stats === undefined ? undefined : Date.now() - stats.mtimeMs;
}

function lockOf(path: string, {pid, startedAt}: Owner): Lock {
  const isOurs = () => {
    const owner = readOwner(path);
    return owner?.pid === pid && owner.startedAt === startedAt;
  };
  return {
    isOurs,
    release: () => {
      if (isOurs()) rmSync(path, {force: true});
    },
  };
}
