import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {Refusal} from '../../base/errors.ts';
import {leadsTo} from '../../base/leads-to.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {isLeftBehind} from '../../process/temporary.ts';
import {replaceWhole, syncFolder} from '../../store/files/write-whole.ts';

/** More is no configuration that anybody has written. */
const MAX_BYTES = 64_000_000;
const ANY_WRITE = 0o222;

/** The text of a configuration, also where links lead to it; `undefined` where there is none. @throws Refusal */
export function configurationText(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const stats = statSync(file);
  if (!stats.isFile() || stats.size > MAX_BYTES) throw new Refusal('It is no file that can be changed.');
  const bytes = read(file);
  try {
    return new TextDecoder('utf8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch {
    throw new Refusal('It is no UTF-8.');
  }
}

/** @throws Refusal where the file, or the place where it would be, is not to be written. */
export function refuseReadOnly(file: string): void {
  const real = leadsTo(file);
  // Root may write anything, but somebody has made it read-only on purpose.
  if (existsSync(real) && (statSync(real).mode & ANY_WRITE) === 0)
    throw new Refusal(`It is read-only${real === file ? '' : `, and it is a link to ${inQuotes(real)}`}.`);
}

/** What a file is to be replaced with, and what it has to be until then. */
export interface Replacement {
  readonly file: string;
  readonly before: string | undefined;
  readonly after: string;
  /** Whether a new file is for its owner alone. */
  readonly isPrivate: boolean;
}

/**
 * Replaces a file whole. A link stays, and what it leads to is replaced; mode and owner stay too. A file that has other
 * names is written in place, as they would not lead to what replaces it: there, the copy beside it is the safety.
 * @throws Refusal where the file is not what it was any more: then it is left as it is.
 */
export async function replaceConfiguration({file, before, after, isPrivate}: Replacement): Promise<void> {
  const real = leadsTo(file);
  const folder = dirname(real);
  mkdirSync(folder, {recursive: true, ...(isPrivate && {mode: 0o700})});
  const mode = existsSync(real)
    ? statSync(real)
    : {mode: isPrivate ? 0o600 : 0o666 & ~process.umask(), uid: ownId('getuid'), gid: ownId('getgid')};
  const check = () => {
    if (configurationText(file) !== before)
      throw new Refusal('It has changed in the meantime, and was left as it is. Run the command again.');
  };
  check();
  if (existsSync(real) && statSync(real).nlink > 1) return writeInPlace(real, after);
  await replaceWhole(real, after, {mode: {mode: mode.mode, uid: mode.uid, gid: mode.gid}, check});
  await syncFolder(folder);
}

function writeInPlace(file: string, text: string): void {
  const opened = openSync(file, 'r+');
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(opened, bytes, at, bytes.length - at, at);
    ftruncateSync(opened, bytes.length);
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/**
 * Removes a file, and of the given folders, innermost first, those that are empty now. A link stays, as when it is
 * replaced, and what it leads to is removed.
 */
export function removeConfiguration(file: string, folders: readonly string[]): void {
  rmSync(leadsTo(file), {force: true});
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // Something else is in it by now, so that it stays, and those that it lies in.
      return;
    }
  }
}

/** Removes what a process that was killed has left beside a file, or beside what it leads to. */
export function removeUnfinished(file: string): void {
  for (const one of new Set([file, leadsTo(file)])) {
    const folder = dirname(one);
    const names = existsSync(folder) ? readdirSync(folder) : [];
    for (const name of names.filter((other) => other.startsWith(`${basename(one)}.`)))
      if (isLeftBehind(name, 0)) rmSync(join(folder, name), {force: true});
  }
}

/** The folders that have to be made for a file, innermost first. */
export function foldersMissing(file: string): readonly string[] {
  const folder = dirname(leadsTo(file));
  return existsSync(folder) ? [] : [folder, ...foldersMissing(folder)];
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Refusal(`It cannot be read (${(error as NodeJS.ErrnoException).code}).`, {cause: error});
  }
}

/** Windows has none. */
function ownId(of: 'getuid' | 'getgid'): number {
  return process[of]?.() ?? -1;
}
