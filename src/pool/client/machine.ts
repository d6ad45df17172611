import {randomBytes} from 'node:crypto';
import {linkSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {dirname, join} from 'node:path';
import {replaceFileSync, temporaryOf} from '../../process/temporary.ts';

const FILE = 'machine';
const BYTES = 8;
const NAME = new RegExp(`^[0-9a-f]{${BYTES * 2}}$`);

/**
 * Stands for a data folder. The name is made once and kept there: the jobs of its records are found by it. What the system
 * calls the machine changes with its network, or with each new container, and is for people only.
 * @param folder of all that a machine knows of its pools. It is made when it is first needed.
 * @param host what the system calls the machine.
 */
export function machineIn(
  folder: string,
  host = hostname(),
): {readonly machine: string; readonly host: string} {
  const path = join(folder, FILE);
  return {machine: nameIn(path) ?? made(path), host};
}

function made(path: string): string {
  mkdirSync(dirname(path), {recursive: true, mode: 0o700});
  const name = randomBytes(BYTES).toString('hex');
  const complete = temporaryOf(path);
  try {
    writeFileSync(complete, name, {mode: 0o600});
    linkSync(complete, path);
  } catch {
    // Another process was faster, what is there is none, or there are no links here.
    const theirs = nameIn(path);
    if (theirs !== undefined) return theirs;
    replaceFileSync(path, name);
  } finally {
    rmSync(complete, {force: true});
  }
  return name;
}

/** `undefined` where there is none: also after a power cut. @throws when it cannot be read: another one would be wrong. */
function nameIn(path: string): string | undefined {
  try {
    const name = readFileSync(path, 'utf8');
    return NAME.test(name) ? name : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
