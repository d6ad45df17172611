import {createHash} from 'node:crypto';
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
  if (platform === 'win32') {
    const folder = join(stateHome(env), NAME, 'run');
    // Pipes have no folders that would keep users apart.
    const user = createHash('sha256').update(userInfo().username).digest('hex').slice(0, 8);
    return {
      key,
      address: `\\\\.\\pipe\\${NAME}-${user}-${key}`,
      folder,
      lock: join(folder, `${key}.lock`),
      log,
    };
  }
  const preferred = join(absolute(env.XDG_RUNTIME_DIR) ?? stateHome(env), NAME);
  const fits = Buffer.byteLength(join(preferred, `${key}.sock`)) <= MAX_SOCKET_PATH_BYTES;
  const folder = fits ? preferred : `/tmp/${NAME}-${userInfo().uid}`;
  return {key, address: join(folder, `${key}.sock`), folder, lock: join(folder, `${key}.lock`), log};
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

function stateHome(env: NodeJS.ProcessEnv): string {
  return absolute(env.XDG_STATE_HOME) ?? join(env.HOME || userInfo().homedir, '.local', 'state');
}

/** The XDG specification has relative paths ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
