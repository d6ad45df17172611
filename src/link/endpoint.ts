import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {userInfo} from 'node:os';
import {isAbsolute, join} from 'node:path';
import {dataDirOf} from '../base/data-dir.ts';
import {messageOf} from '../base/errors.ts';
import {homeOf} from '../base/home.ts';
import {logFileOf} from '../base/log-file-path.ts';
import {NAME} from '../base/name.ts';
import {realPathSync} from '../base/real-path.ts';
import {stateDirOf} from '../base/state-dir.ts';
import {textDigest} from '../base/text-digest.ts';
import {digestOf} from '../environment/digest.ts';
import {bootId, namespaceOf} from '../process/identity.ts';
import {isHeld} from '../process/lock.ts';
import {temporaryOf} from '../process/temporary.ts';
import {ensureOwnFolder, ensurePrivateFolder, isCode, isPrivateFolder} from './private-folder.ts';

/** In the data folder. What begins with a dot is no project. */
const FOLDER = '.host';
/** What a system says that has no more to give, for now: it tells nothing of the folder that was asked for. */
const PASSES = ['EMFILE', 'ENFILE', 'ENOMEM'];
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
  /** Why it is not where it should be, with the cure, where somebody is to be told so. */
  readonly warning?: string;
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
  const log = logFileOf(env);
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
 * Where it may be while it cannot be in the data folder, the best place first: that may be full, read-only or somebody
 * else's, and what lies there can mostly be read all the same.
 */
export function spareEndpoints(options: EndpointOptions): readonly Endpoint[] {
  const {env, platform = process.platform} = options;
  if (platform === 'win32') return [];
  const {key: own, folder: beside, log} = locateEndpoint(options);
  const key = digestOf([beside, own]);
  const folders = [join(stateDirOf(env), 'run'), sharedFolder()];
  return folders.map((folder) => ({key, log, folder, ...endpointIn(folder, key, platform)}));
}

/** The data folder cannot be one; the message says why and what to do. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/**
 * Where it is, in folders that are now there and the user's alone.
 * @throws NoHomeError when it is not known where the user's files are.
 * @throws DataFolderError when there can be no data folder.
 * @throws UnsafeFolderError when that is open to others or can be replaced by them, or no other folder is safe either.
 */
export function prepareEndpoint(options: EndpointOptions): Endpoint {
  homeOf(options.env);
  const dataDir = dataDirOf(options.env);
  if (!isAbsolute(dataDir)) {
    throw new DataFolderError(
      `OPENCODE_DELEGATE_DATA_DIR=${JSON.stringify(dataDir)} must be an absolute path. Fix these variables and restart.`,
    );
  }
  try {
    // Its real path can be told only when it is there.
    mkdirSync(dataDir, {recursive: true, mode: 0o700});
  } catch (error) {
    throw new DataFolderError(
      `${dataDir}, where results are kept, cannot be made: ${messageOf(error)}. Make it, or set OPENCODE_DELEGATE_DATA_DIR to a folder that can be written.`,
      {cause: error},
    );
  }
  ensureOwnFolder(dataDir);
  const spares = spareEndpoints(options);
  // Who began there stays there, also when the disk has room again: there must not be two.
  const begun = spares.find(({folder, lock}) => isPrivateFolder(folder) && isHeld(lock));
  return begun ?? firstUsable([locateEndpoint(options), ...spares]);
}

/** @throws what is wrong with the first one, when none can be used. */
function firstUsable([first, ...others]: readonly [Endpoint, ...Endpoint[]]): Endpoint {
  const problem = problemWith(first);
  if (problem === undefined) return first;
  const other = others.find((endpoint) => problemWith(endpoint) === undefined);
  if (other === undefined) throw problem;
  const warning = `The socket of opencode-delegate is in ${other.socketFolder} instead of ${first.socketFolder}: ${problem.message}`;
  return {...other, warning};
}

function problemWith(endpoint: Endpoint): Error | undefined {
  try {
    makeReady(endpoint);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || isCode(error, ...PASSES)) throw error;
    return error;
  }
}

/** Makes sure that a lock can be taken there, or is. */
function makeReady({folder, socketFolder, lock}: Endpoint): void {
  ensurePrivateFolder(folder);
  if (socketFolder !== folder) ensurePrivateFolder(socketFolder);
  if (isHeld(lock)) return;
  const probe = temporaryOf(join(folder, 'probe'));
  try {
    writeFileSync(probe, 'A lock has to fit.');
  } finally {
    rmSync(probe, {force: true});
  }
}

/** In this folder, every host of the user notes where its lock lies, whatever its data folder. */
export function registryFolder(env: NodeJS.ProcessEnv): string {
  return join(stateDirOf(env), 'hosts');
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
  return `/tmp/${NAME}-${process.getuid?.()}`;
}

/** Pipes have no folders that would keep users, or data folders, apart. */
function pipeName(folder: string, key: string): string {
  const user = textDigest(userInfo().username).slice(0, 8);
  return `\\\\.\\pipe\\${NAME}-${user}-${digestOf(folder)}-${key}`;
}
