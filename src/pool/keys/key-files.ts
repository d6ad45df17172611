import {chmodSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {configDirOf} from '../../base/config-dir.ts';
import {messageOf, Refusal} from '../../base/errors.ts';
import {GroupKey} from '../seal/group-key.ts';
import {OwnerKey} from '../seal/owner-key.ts';

/** Where the keys of a pool are: each in a file that only the person can read. */
export interface KeyFiles {
  readonly group: string;
  readonly owner: string;
}

/** @throws NoHomeError */
export function keyFilesIn(env: NodeJS.ProcessEnv): KeyFiles {
  const folder = join(configDirOf(env), 'pool');
  return {group: join(folder, 'group.key'), owner: join(folder, 'owner.key')};
}

/** @throws Refusal where there is none, or it can be read by others. */
export function readGroupKey({group}: KeyFiles): GroupKey {
  return parsed(group, secretIn(group, 'the key of the pool’s group'), GroupKey.parse);
}

/** @throws Refusal where there is none, or it can be read by others. */
export function readOwnerKey({owner}: KeyFiles): OwnerKey {
  return parsed(owner, secretIn(owner, 'your key for the pool'), OwnerKey.parse);
}

/** Writes a key where there is none yet. Returns false where there is one. */
export function writeKey(path: string, text: string): boolean {
  mkdirSync(dirname(path), {recursive: true, mode: 0o700});
  try {
    writeFileSync(path, `${text}\n`, {mode: 0o600, flag: 'wx'});
    chmodSync(path, 0o600);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function parsed<Key>(path: string, text: string, parse: (text: string) => Key): Key {
  try {
    return parse(text);
  } catch (error) {
    throw new Refusal(
      `${path} holds something else: ${messageOf(error)} A person copies it again from another machine of the pool, or removes the file and runs \`opencode-delegate pool init\`.`,
      {cause: error},
    );
  }
}

function secretIn(path: string, what: string): string {
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      throw new Refusal(
        `Others can read ${path}, and it has ${what}. A person makes that right: \`chmod 600 ${path}\`. Where others may have read it, all of the group need new keys.`,
      );
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(
      `${path} cannot be read (${messageOf(error)}), and it has ${what}. A person makes one with \`opencode-delegate pool init\`, or copies it from another machine of the pool. Nothing was started.`,
      {cause: error},
    );
  }
}
