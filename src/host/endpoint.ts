import {createHash} from 'node:crypto';
import {statSync} from 'node:fs';
import {userInfo} from 'node:os';
import {isAbsolute, join} from 'node:path';
import {environmentKey} from './environment-key.ts';
import {ensurePrivateFolder} from './private-folder.ts';

const NAME = 'opencode-delegate';
/** The shortest limit of the systems we run on, macOS's: 104 with the final zero. A longer path is cut silently. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Where bridge and host of one environment meet. */
export interface Endpoint {
  readonly key: string;
  /** What both connect to: a socket's path, or on Windows a pipe's name. */
  readonly address: string;
  readonly folder: string;
  /** Says who is the host. */
  readonly lock: string;
  readonly log: string;
}

export interface EndpointOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly platform?: NodeJS.Platform;
}

/** Where it would be. Touches nothing. */
export function locateEndpoint({env, version, platform = process.platform}: EndpointOptions): Endpoint {
  const key = environmentKey({env, version});
  const log = join(stateHome(env), NAME, 'host.log');
  const folder = platform === 'win32' ? join(stateHome(env), NAME, 'run') : socketFolder(key, env);
  return {key, log, folder, ...endpointIn(folder, key, platform)};
}

/** Socket, or pipe, and lock of the host that has this key and is at home in this folder. */
export function endpointIn(
  folder: string,
  key: string,
  platform: NodeJS.Platform = process.platform,
): Pick<Endpoint, 'address' | 'lock'> {
  return {
    address: platform === 'win32' ? pipeName(key) : join(folder, `${key}.sock`),
    lock: join(folder, `${key}.lock`),
  };
}

/** Every folder in which the user's hosts can have their sockets, whatever environment they were started in. */
export function candidateFolders(options: EndpointOptions): readonly string[] {
  const {folder} = locateEndpoint(options);
  if ((options.platform ?? process.platform) === 'win32') return [folder];
  const {env} = options;
  const bases = [runtimeDir(env), loginRuntimeDir(env), stateHome(env), stateHome({HOME: env.HOME})];
  const named = bases.flatMap((base) => (base === undefined ? [] : [join(base, NAME)]));
  return [...new Set([folder, ...named, ...(isAtHome(env) ? [sharedFolder()] : [])])];
}

/**
 * Where it is, in a folder that is now there and the user's alone.
 * @throws UnsafeFolderError when the folder is somebody else's or open to others.
 */
export function prepareEndpoint(options: EndpointOptions): Endpoint {
  const endpoint = locateEndpoint(options);
  ensurePrivateFolder(endpoint.folder);
  return endpoint;
}

/** Pipes have no folders that would keep users apart. */
function pipeName(key: string): string {
  const user = createHash('sha256').update(userInfo().username).digest('hex').slice(0, 8);
  return `\\\\.\\pipe\\${NAME}-${user}-${key}`;
}

function socketFolder(key: string, env: NodeJS.ProcessEnv): string {
  const preferred = join(runtimeDir(env) ?? stateHome(env), NAME);
  const fits = Buffer.byteLength(join(preferred, `${key}.sock`)) <= MAX_SOCKET_PATH_BYTES;
  return fits ? preferred : sharedFolder();
}

/** For paths that would be too long anywhere else. */
function sharedFolder(): string {
  return `/tmp/${NAME}-${userInfo().uid}`;
}

/** Some clients (Codex) do not pass XDG_RUNTIME_DIR on; the place is the same for them. */
function runtimeDir(env: NodeJS.ProcessEnv): string | undefined {
  return absolute(env.XDG_RUNTIME_DIR) ?? loginRuntimeDir(env);
}

/** The folder that systemd makes for a user who is logged in, where it is there and theirs. */
function loginRuntimeDir(env: NodeJS.ProcessEnv): string | undefined {
  if (!isAtHome(env)) return undefined;
  const {uid} = userInfo();
  const folder = `/run/user/${uid}`;
  return statSync(folder, {throwIfNoEntry: false})?.uid === uid ? folder : undefined;
}

/** False in an environment with a home of its own, a test's say: what is the user's elsewhere is not its. */
function isAtHome({HOME: home}: NodeJS.ProcessEnv): boolean {
  return !home || home === userInfo().homedir;
}

function stateHome(env: NodeJS.ProcessEnv): string {
  return absolute(env.XDG_STATE_HOME) ?? join(env.HOME || userInfo().homedir, '.local', 'state');
}

/** The XDG specification has relative paths ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
