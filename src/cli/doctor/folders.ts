import {accessSync, constants, existsSync, readdirSync, statfsSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {locateEndpoint, spareEndpoints} from '../../link/endpoint.ts';
import {ensureOwnFolder, isPrivateFolder} from '../../link/private-folder.ts';
import {standingOf} from '../../process/identity.ts';
import {isHeld, readOwner} from '../../process/lock.ts';
import type {RecordsOnDisk} from '../sources/records.ts';
import {sizeOf} from '../terminal/size.ts';
import {type Finding, failed, fine, warning} from './finding.ts';

/** A worktree may need as much. */
const LOW_BYTES = 1_000_000_000;
/** Below this, records may not be written. */
const FULL_BYTES = 50_000_000;
const LOCKS = /\.(?:lock|claim)$/;

/** The data folder, the socket's, the room on the disk, and locks of processes that are gone. Nothing is made. */
export function checkFolders(
  records: RecordsOnDisk,
  options: {readonly env: NodeJS.ProcessEnv; readonly version: string},
): readonly Finding[] {
  return [checkData(records.root), ...checkSocket(options), checkDisk(records.root), checkLocks(records)];
}

function checkData(root: string): Finding {
  const what = 'Data folder';
  try {
    if (!existsSync(root)) {
      checkMayHold(nearestThere(root));
      return fine(what, `${inQuotes(root)} is made by the first delegation.`);
    }
    ensureOwnFolder(root);
    accessSync(root, constants.W_OK | constants.X_OK);
    return fine(what, `${inQuotes(root)} is yours, and can be written.`);
  } catch (error) {
    return failed(what, error, 'Make that folder writable, or name another: OPENCODE_DELEGATE_DATA_DIR.');
  }
}

/** @throws where nothing can be made in it, as in a home that is only read. */
function checkMayHold(folder: string): void {
  if (!statSync(folder).isDirectory())
    throw new Error(`${inQuotes(folder)} is no folder, and results are to be below it.`);
  accessSync(folder, constants.W_OK | constants.X_OK);
}

function checkSocket(options: {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
}): readonly Finding[] {
  const what = 'Socket folder';
  const {folder, socketFolder} = locateEndpoint(options);
  const spare = spareEndpoints(options).find((one) => isPrivateFolder(one.folder) && isHeld(one.lock));
  const folders = [...new Set([folder, socketFolder])].filter(existsSync);
  const open = folders.filter((one) => !isPrivateFolder(one));
  const findings = open.map((one) =>
    failed(what, `${inQuotes(one)} is not yours alone.`, `Remove it, or: chmod 700 ${inQuotes(one)}`),
  );
  if (spare !== undefined) {
    const says = `The host is in ${inQuotes(spare.socketFolder)}, as ${inQuotes(folder)} could not be used when it started.`;
    return [...findings, warning(what, says, 'opencode-delegate stop, once that folder can be written.')];
  }
  if (findings.length > 0) return findings;
  return [
    folders.length === 0
      ? fine(what, `${inQuotes(folder)} is made by the first host.`)
      : fine(what, `${inQuotes(socketFolder)} is yours alone.`),
  ];
}

function checkDisk(root: string): Finding {
  const what = 'Disk';
  const there = nearestThere(root);
  try {
    const {bavail, bsize} = statfsSync(there);
    const free = bavail * bsize;
    const says = `${sizeOf(free)} are free in ${inQuotes(there)}.`;
    const cure = 'Make room: opencode-delegate prune --all says what could go.';
    if (free < FULL_BYTES) return failed(what, says, cure);
    return free < LOW_BYTES ? warning(what, says, cure) : fine(what, says);
  } catch (error) {
    return warning(what, `It could not be found out: ${messageOf(error)}.`, 'Look with df.');
  }
}

function nearestThere(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestThere(dirname(path));
}

function checkLocks(records: RecordsOnDisk): Finding {
  const what = 'Locks';
  const folders = ['.host', ...records.projects()].map((name) => join(records.root, name));
  const stale = folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => LOCKS.test(name))
      .map((name) => join(folder, name))
      .filter((path) => {
        const owner = readOwner(path);
        return owner !== undefined && standingOf(owner) === 'gone';
      }),
  );
  if (stale.length === 0) return fine(what, 'None is left by a process that is gone.');
  return warning(
    what,
    `Left by processes that are gone: ${stale.map(inQuotes).join(', ')}.`,
    'They are taken over when they are needed. You can remove them.',
  );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It is not there, or not ours to read, which another check says.
    return [];
  }
}
