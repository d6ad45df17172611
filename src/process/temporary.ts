import {mkdirSync, promises, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {textDigest} from '../base/text-digest.ts';
import {unique} from '../base/unique.ts';
import {isAlive} from './alive.ts';
import {thisProcess} from './identity.ts';

const NAME = /\.(?:([0-9a-f]{8})-(\d+)-)?[0-9a-f]{12}\.tmp$/;
/** A write takes seconds, so nobody will finish what is as old as this. */
const LEFT_MS = 10 * 60_000;

/** A name beside the file for what is being written of it, which says who writes. */
export function temporaryOf(path: string): string {
  return `${path}.${here()}-${process.pid}-${unique()}.tmp`;
}

/**
 * Replaces a file in one step, for its owner alone, with the folder that it lies in: anyone who reads it finds the old text
 * or the new one. A power cut may undo it.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await promises.mkdir(dirname(path), {recursive: true, mode: 0o700});
  const temporary = temporaryOf(path);
  try {
    await promises.writeFile(temporary, text, {mode: 0o600});
    await promises.rename(temporary, path);
  } catch (error) {
    await promises.rm(temporary, {force: true});
    throw error;
  }
}

/** As {@link replaceFile}, for one who cannot wait. */
export function replaceFileSync(path: string, text: string): void {
  mkdirSync(dirname(path), {recursive: true, mode: 0o700});
  const temporary = temporaryOf(path);
  try {
    writeFileSync(temporary, text, {mode: 0o600});
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, {force: true});
    throw error;
  }
}

/** True when the file is such a one and the process that wrote it was killed in the midst of that. */
export function isLeftBehind(name: string, ageMs: number): boolean {
  const found = NAME.exec(name);
  if (found === null) return false;
  const [, where, pid] = found;
  return ageMs > LEFT_MS || (where === here() && !isAlive(Number(pid)));
}

let place: string | undefined;

/** Stands for where a process number is that of a process. */
function here(): string {
  const {boot, space} = thisProcess();
  place ??= textDigest(`${boot} ${space}`).slice(0, 8);
  return place;
}
