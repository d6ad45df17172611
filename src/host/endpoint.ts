import {createHash} from 'node:crypto';
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {userInfo} from 'node:os';
import {isAbsolute, join} from 'node:path';
import {dataDirOf} from '../data-dir.ts';
import {digestOf} from '../environment/digest.ts';
import {bootId, namespaceOf} from '../process/identity.ts';
import {isHeld} from '../process/lock.ts';
import {realPathSync} from '../real-path.ts';
import {xdgFolder} from '../xdg.ts';
import {ensureOwnFolder, ensurePrivateFolder, isCode, isPrivateFolder} from './private-folder.ts';

const NAME = 'opencode-delegate';
/** In the data folder. What begins with a dot is no project. */
const FOLDER = '.host';
/** What a disk says that is full or may not be written. */
const CANNOT_WRITE = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM'];
/** The shortest limit of the systems we run on, macOS's: 104 with the final zero. A longer path is cut silently. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Where the clients of one data folder and its host meet. */
export interface Endpoint {
  readonly key: string;
  /** What both connect to: a socket's path, or on Windows a pipe's name. */
  readonly address: string;
  /** Holds the lock. */
  readonly folder: string;
  /** Holds the socket: mostly the same folder, and another one where its path would be too long. */
  readonly socketFolder: string;
  /** Says who is the host. */
  readonly lock: string;
  readonly log: string;
}

export interface EndpointOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly platform?: NodeJS.Platform;
}

/**
 * Where it would be: beside the records that the host owns, for that is what all clients have in common, whatever
 * else their environments hold. Touches nothing.
 */
export function locateEndpoint({env, version, platform = process.platform}: EndpointOptions): Endpoint {
  const key = hostKey(version);
  const log = join(xdgFolder(env, 'XDG_STATE_HOME'), NAME, 'host.log');
  const folder = join(realPathSync(dataDirOf(env)), FOLDER);
  return {key, log, folder, ...endpointIn(folder, key, platform)};
}

/** Socket, or pipe, and lock of the host that has this key and whose lock lies in this folder. */
export function endpointIn(
  folder: string,
  key: string,
  platform: NodeJS.Platform = process.platform,
): Pick<Endpoint, 'address' | 'lock' | 'socketFolder'> {
  const lock = join(folder, `${key}.lock`);
  if (platform === 'win32') return {lock, address: pipeName(folder, key), socketFolder: folder};
  const address = join(folder, `${key}.sock`);
  if (Buffer.byteLength(address) <= MAX_SOCKET_PATH_BYTES) return {lock, address, socketFolder: folder};
  const socketFolder = sharedFolder();
  return {lock, address: join(socketFolder, `${digestOf(folder)}-${key}.sock`), socketFolder};
}

/**
 * Where it is while the data folder cannot be written, as the disk is full or read-only: what lies there can be read
 * all the same. `undefined` where there is no such place.
 */
export function spareEndpoint(options: EndpointOptions): Endpoint | undefined {
  const {platform = process.platform} = options;
  if (platform === 'win32') return undefined;
  const {key: own, folder: beside, log} = locateEndpoint(options);
  const [key, folder] = [digestOf([beside, own]), sharedFolder()];
  return {key, log, folder, ...endpointIn(folder, key, platform)};
}

/** The data folder cannot be one; the message says why and what to do. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/**
 * Where it is, in folders that are now there and the user's alone.
 * @throws DataFolderError when there can be no data folder.
 * @throws UnsafeFolderError when one is somebody else's, open to others, or can be replaced by them.
 */
export function prepareEndpoint(options: EndpointOptions): Endpoint {
  const dataDir = dataDirOf(options.env);
  if (!isAbsolute(dataDir)) {
    throw new DataFolderError(
      `OPENCODE_DELEGATE_DATA_DIR=${JSON.stringify(dataDir)} must be an absolute path. Mend the environment and start again.`,
    );
  }
  try {
    // Its real path can be told only when it is there.
    mkdirSync(dataDir, {recursive: true, mode: 0o700});
  } catch (error) {
    throw new DataFolderError(
      `${dataDir}, where results are kept, cannot be made: ${error instanceof Error ? error.message : error}. Make it, or set OPENCODE_DELEGATE_DATA_DIR to a folder that can be written.`,
    );
  }
  ensureOwnFolder(dataDir);
  const [endpoint, spare] = [locateEndpoint(options), spareEndpoint(options)];
  // Who began there stays there, also when the disk has room again: there must not be two.
  if (spare !== undefined && isPrivateFolder(spare.folder) && isHeld(spare.lock)) return spare;
  try {
    makeReady(endpoint);
    return endpoint;
  } catch (error) {
    if (spare === undefined || !isCode(error, ...CANNOT_WRITE)) throw error;
    makeReady(spare);
    return spare;
  }
}

/** Makes sure that a lock can be taken there, or is. */
function makeReady({folder, socketFolder, lock}: Endpoint): void {
  ensurePrivateFolder(folder);
  if (socketFolder !== folder) ensurePrivateFolder(socketFolder);
  if (isHeld(lock)) return;
  const probe = join(folder, `${process.pid}.probe`);
  try {
    writeFileSync(probe, 'A lock has to fit.');
  } finally {
    rmSync(probe, {force: true});
  }
}

/** In this folder, every host of the user notes where its lock lies, whatever its data folder. */
export function registryFolder(env: NodeJS.ProcessEnv): string {
  return join(env.HOME || userInfo().homedir, '.local', 'state', NAME, 'hosts');
}

/**
 * What makes a host another one in the same data folder: the version of the package, the boot, and the namespaces
 * that a container has of its own, in which a process and a path mean something else.
 */
function hostKey(version: string): string {
  return digestOf([version, bootId(), namespaceOf('mnt'), namespaceOf('pid'), namespaceOf('uts')]);
}

/** For what can be nowhere else: a short path, and mostly a disk of its own. */
function sharedFolder(): string {
  return `/tmp/${NAME}-${userInfo().uid}`;
}

/** Pipes have no folders that would keep users, or data folders, apart. */
function pipeName(folder: string, key: string): string {
  const user = createHash('sha256').update(userInfo().username).digest('hex').slice(0, 8);
  return `\\\\.\\pipe\\${NAME}-${user}-${digestOf(folder)}-${key}`;
}
