import {messageOf, Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {PoolQueue} from '../queue/queue.ts';
import {connectPostgres, setUpPostgres} from './connect-postgres.ts';
import {connectRedis} from './connect-redis.ts';
import {leaseOfUrl} from './lease-of-url.ts';
import {TIMES, type Times} from './times.ts';

/** Which database it is, by the URL. */
function kindOf(url: string): 'postgres' | 'redis' {
  const scheme = /^([a-z]+):\/\//i.exec(url)?.[1]?.toLowerCase() ?? '';
  if (/^postgres(ql)?$/.test(scheme)) return 'postgres';
  if (/^(redis|valkey)s?$/.test(scheme)) return 'redis';
  throw new Refusal(
    'A pool is a URL that begins with postgres://, or with redis://, rediss://, valkey:// or valkeys://.',
  );
}

/** What opens a pool. */
interface OpenedPool {
  /** The schema of Postgres is `?schema=`, the prefix of Redis `?prefix=`, how long a lease lasts `?lease=`. */
  readonly url: string;
  /** How long a result waits for its owner, in milliseconds. */
  readonly keepMs?: number | undefined;
  readonly log?: Logger | undefined;
  /** Other times than usual. */
  readonly times?: Partial<Times>;
}

/**
 * Connects a machine to a pool.
 * @throws Refusal when it is no such URL, the packages are not installed, or the database is not set up.
 * @throws PoolUnreachable when the database cannot be reached.
 */
export async function openQueue({url, keepMs, log, times}: OpenedPool): Promise<PoolQueue> {
  checkUrl(url);
  const lease = leaseOfUrl(url);
  const given = {...TIMES, ...lease.times, ...times, ...(keepMs !== undefined && {keepMs})};
  return inWordsOfPackages(url, () =>
    kindOf(url) === 'postgres' ? connectPostgres(lease.url, given, log) : connectRedis(lease.url, given, log),
  );
}

/**
 * Makes the tables of a pool, and gives a role what it needs. May be called again, and after an upgrade. Redis needs
 * nothing.
 * @param url of a role that may create a schema.
 */
export async function setUpPool(url: string, given: {readonly role?: string} = {}): Promise<void> {
  checkUrl(url);
  await inWordsOfPackages(url, async () => {
    if (kindOf(url) === 'postgres') await setUpPostgres(leaseOfUrl(url).url, given.role);
  });
}

/** What a password often has in it is no URL, and nothing of it may stand in an error. */
function checkUrl(url: string): void {
  if (URL.canParse(url)) return;
  throw new Refusal(
    'The URL of the pool cannot be read. In a user or a password, each character that is no letter or digit is written as % and two digits: # as %23, / as %2F, @ as %40.',
  );
}

/** Says which packages are missing. */
async function inWordsOfPackages<T>(url: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const missing = /Cannot find (?:package|module) '(bullmq|pg|ioredis)'/.exec(messageOf(error))?.[1];
    if (missing === undefined) throw error;
    const packages = kindOf(url) === 'postgres' ? 'bullmq pg' : 'bullmq ioredis';
    throw new Refusal(
      `A pool needs the package ${missing}, which is not installed here. Install it beside opencode-delegate: npm install --global ${packages}`,
      {cause: error},
    );
  }
}
