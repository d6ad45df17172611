import {readFileSync} from 'node:fs';
import type {IQueueBackend} from 'bullmq';
import type {RedisOptions} from 'ioredis';
import {messageOf, Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {NAME} from '../../base/name.ts';
import {BullPool} from './bull-pool.ts';
import {inWords} from './faults.ts';
import {LeaseLines} from './lease-lines.ts';
import {RedisDesk} from './redis-desk.ts';
import type {Times} from './times.ts';

/** What our keys begin with, unless the URL says `?prefix=…`. */
const DEFAULT_PREFIX = NAME;
/** How long it waits before it connects again. */
const AGAIN_MS = 500;

/** Connects to a pool in Redis or Valkey. */
export async function connectRedis(url: string, times: Times, log?: Logger): Promise<BullPool> {
  const {address, prefix, tls} = placeOf(url);
  const [bull, {Redis}] = await Promise.all([import('bullmq'), import('ioredis')]);
  const options = {
    connectTimeout: times.answerMs,
    maxRetriesPerRequest: null,
    // Nothing is sent later than it was asked for: who asks is told that it could not be sent.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => AGAIN_MS,
    lazyConnect: true,
    ...(tls !== undefined && {tls}),
  } satisfies RedisOptions;
  const redis = new Redis(address, {...options, commandTimeout: times.answerMs});
  const listening = new Redis(address, options);
  for (const client of [redis, listening]) client.on('error', () => {});
  const release = async () => {
    listening.disconnect();
    redis.disconnect();
  };
  try {
    // What it rejects with says only that the connection was closed.
    let why: unknown;
    redis.once('error', (error) => {
      why = error;
    });
    await inWords(() =>
      redis.connect().catch((error: unknown) => {
        throw why ?? error;
      }),
    );
    const lockDuration = times.leaseMs;
    const line = {
      prefix,
      skipVersionCheck: true,
      lockDuration,
      maxStalledCount: 0,
      stalledInterval: times.sweepMs,
    };
    const backend = bull.createRedisBackend('pool', {connection: redis, ...line} as never);
    backend.on('error', () => {});
    await inWords(() => backend.waitUntilReady());
    const desk = new RedisDesk({redis, listening: () => listening, prefix});
    const lines = new LeaseLines({bull, backend: backend as IQueueBackend, leaseMs: times.leaseMs});
    return new BullPool({desk, lines, times, log, release});
  } catch (error) {
    await release();
    throw error;
  }
}

interface RedisPlace {
  readonly address: string;
  readonly prefix: string;
  /** Absent where TLS is not used, or with the certificates of this machine. */
  readonly tls?: {readonly ca: string};
}

function placeOf(url: string): RedisPlace {
  const parsed = new URL(url.replace(/^valkey/i, 'redis'));
  const prefix = parsed.searchParams.get('prefix') ?? DEFAULT_PREFIX;
  if (!/^[\w.-]{1,100}$/.test(prefix)) {
    throw new Refusal('The prefix of a pool is made of letters, digits, points, underscores and hyphens.');
  }
  parsed.searchParams.delete('prefix');
  const authority = parsed.searchParams.get('sslrootcert');
  parsed.searchParams.delete('sslrootcert');
  if (authority === null) return {address: parsed.href, prefix};
  if (parsed.protocol !== 'rediss:')
    throw new Refusal('The URL of the pool names a certificate: then it begins with rediss://.');
  return {address: parsed.href, prefix, tls: {ca: certificateIn(authority)}};
}

/** As the same setting of Postgres names it. */
function certificateIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Refusal(`The certificate that the URL of the pool names cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
