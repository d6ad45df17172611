import {readdirSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {isAlive} from '../process/alive.ts';
import {isLeftBehind} from '../process/temporary.ts';
import type {Endpoint} from './endpoint.ts';

/** A socket that nobody is to see yet, by the number of its process: its path has no room for more. */
const UNSEEN_SOCKET = /^(\d+)\.tmp$/;
/** It gets its real name within milliseconds. */
const UNSEEN_MS = 10_000;

/** Where a host listens before its socket gets its real name. */
export function unseenSocketIn(folder: string): string {
  return join(folder, `${process.pid}.tmp`);
}

/** Removes what hosts have left that were killed while they took the lock or made the socket. Never throws. */
export function removeLeftBehind({folder, socketFolder}: Pick<Endpoint, 'folder' | 'socketFolder'>): void {
  for (const place of new Set([folder, socketFolder])) {
    for (const name of namesIn(place)) {
      try {
        const path = join(place, name);
        if (isAbandoned(name, Date.now() - statSync(path).mtimeMs)) rmSync(path, {force: true});
      } catch {
        // Somebody else has removed it, or nobody can.
      }
    }
  }
}

function isAbandoned(name: string, ageMs: number): boolean {
  const [, pid] = UNSEEN_SOCKET.exec(name) ?? [];
  return pid === undefined ? isLeftBehind(name, ageMs) : ageMs > UNSEEN_MS && !isAlive(Number(pid));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.tmp'));
  } catch {
    return [];
  }
}
