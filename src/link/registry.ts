import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import {digestOf} from '../environment/digest.ts';
import {registryFolder} from './endpoint.ts';
import {parseObject} from './message.ts';

const KEY = /^[0-9a-f]{16}$/;
const NOTE = '.json';
const LOCK = '.lock';

/** Where a host of the user has its lock. */
export interface RegisteredHost {
  readonly folder: string;
  readonly key: string;
}

/**
 * Notes where this host is, for those who look for all of the user's hosts. A host that cannot be noted serves all
 * the same: only `status` and `stop` of other data folders do not see it.
 */
export function register({folder, key}: RegisteredHost, env: NodeJS.ProcessEnv): void {
  const note = noteOf({folder, key}, env);
  try {
    mkdirSync(dirname(note), {recursive: true, mode: 0o700});
    writeFileSync(note, JSON.stringify({folder, key}), {mode: 0o600});
  } catch {
    // As said above.
  }
}

/** Takes back the note of a host that is no more. Idempotent. */
export function unregister(place: RegisteredHost, env: NodeJS.ProcessEnv): void {
  try {
    rmSync(noteOf(place, env), {force: true});
  } catch {
    // It cannot have been made there either.
  }
}

/** Every host that was noted, the given ones, and those with a lock beside the first of them; which of them live is for their locks to tell. */
export function registered(
  own: readonly RegisteredHost[],
  env: NodeJS.ProcessEnv,
): readonly RegisteredHost[] {
  const notes = registryFolder(env);
  const noted = keysIn(notes, NOTE).flatMap((name) => read(join(notes, `${name}${NOTE}`)));
  const given = own.map(({folder, key}) => ({folder, key}));
  const beside = given[0]?.folder ?? '';
  const locked = keysIn(beside, LOCK).map((key) => ({folder: beside, key}));
  return [...new Map([...noted, ...given, ...locked].map((place) => [noteOf(place, env), place])).values()];
}

function noteOf({folder, key}: RegisteredHost, env: NodeJS.ProcessEnv): string {
  return join(registryFolder(env), `${digestOf([folder, key])}${NOTE}`);
}

function read(file: string): readonly RegisteredHost[] {
  try {
    const {folder, key} = parseObject(readFileSync(file)) ?? {};
    return typeof folder === 'string' && isAbsolute(folder) && typeof key === 'string' && KEY.test(key)
      ? [{folder, key}]
      : [];
  } catch {
    // It has gone since, or is not ours to read.
    return [];
  }
}

/** The files in a folder that are named by a key, without their ending. */
function keysIn(folder: string, ending: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(ending));
    return names.map((name) => name.slice(0, -ending.length)).filter((name) => KEY.test(name));
  } catch {
    // No host was ever here.
    return [];
  }
}
