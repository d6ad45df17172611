import {createServer} from 'node:net';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {messageOf} from '../../src/base/errors.ts';
import {openQueue, setUpPool} from '../../src/pool/engine/open.ts';
import type {PoolQueue} from '../../src/pool/queue/queue.ts';
import {type Certificate, HAS_OPENSSL, makeCertificate} from '../support/certificate.ts';
import {startPostgres, type TestPostgres} from '../support/postgres.ts';
import {REDIS, startRedis, type TestRedis} from '../support/redis.ts';

const SELF = {name: 'big', host: 'big', version: '1.2.3', opencode: '1.18.33'};
const TIMES = {answerMs: 5_000};

async function opened(url: string): Promise<PoolQueue> {
  const queue = await openQueue({url, times: TIMES});
  onTestFinished(() => queue.close());
  return queue;
}

/** Why a pool cannot be opened. */
async function refusal(url: string): Promise<string> {
  return openQueue({url, times: TIMES}).then(
    async (queue) => {
      await queue.close();
      return 'it was opened';
    },
    (error: unknown) => messageOf(error),
  );
}

/** A job goes through it, with all kinds of connections that there are. */
async function carriesWork(url: string): Promise<void> {
  const queue = await opened(url);
  const id = `job-${Math.random()}`;
  const serving = await queue.serve(SELF, {
    ...{routes: 'all', owners: 'all', concurrency: 1},
    lease: (lease) => lease.giveResult(lease.job.body),
  });
  const returned = new Promise<void>((resolve) => {
    void queue.changed(id, ({is}) => is === 'returned' && resolve());
  });
  const notAfter = Date.now() + 60_000;
  await queue.submit({id, owner: 'o', route: 'r', notAfter, body: Buffer.from('sealed')});
  await returned;
  await serving.drain();
}

describe.skipIf(!HAS_OPENSSL)('a pool over TLS', () => {
  let own: Certificate;
  let other: Certificate;

  beforeAll(() => {
    own = makeCertificate();
    other = makeCertificate();
  });
  afterAll(() => {
    own.remove();
    other.remove();
  });

  describe('in Postgres', () => {
    let postgres: TestPostgres;
    let plain: TestPostgres;
    const url = (host: string, ssl: string, port = postgres.port) =>
      `postgres://admin@${host}:${port}/pool?${ssl}`;

    beforeAll(async () => {
      postgres = await startPostgres({ssl: 'on', ssl_cert_file: own.cert, ssl_key_file: own.key});
      plain = await startPostgres();
      for (const each of [postgres, plain]) {
        await each.create('pool');
        await setUpPool(each.urlOf('pool'));
      }
    });
    afterAll(async () => {
      await postgres.stop();
      await plain.stop();
    });

    it('is used with a certificate that the URL names, by each of its connections', async () => {
      await carriesWork(url('localhost', `sslmode=verify-full&sslrootcert=${own.cert}`));
      await opened(url('localhost', `sslmode=verify-full&sslrootcert=${own.cert}`));
      const rows = await postgres.query(
        'pool',
        `SELECT count(*) FILTER (WHERE NOT ssl) AS plain, count(*) FILTER (WHERE ssl) > 0 AS has_ssl
           FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'opencode-delegate'`,
      );
      expect(rows).toEqual([{plain: '0', has_ssl: true}]);
    });

    it('is set up over it as well', async () => {
      await setUpPool(url('localhost', `sslmode=verify-full&sslrootcert=${own.cert}`));
      await expect(setUpPool(url('localhost', 'sslmode=verify-full'))).rejects.toThrow(/certificate/);
    });

    it.each<[string, string, string, RegExp]>([
      ['nobody vouches for', 'localhost', 'sslmode=verify-full', /self-signed certificate/],
      ['nobody vouches for, with require', 'localhost', 'sslmode=require', /self-signed certificate/],
      [
        'is for another host',
        '127.0.0.1',
        'sslmode=verify-full&sslrootcert=OWN',
        /IP: 127\.0\.0\.1|does not match|altnames/,
      ],
      [
        'is another one than the URL names',
        'localhost',
        'sslmode=verify-full&sslrootcert=OTHER',
        /self-signed|certificate|signature/,
      ],
    ])('is refused in words where its certificate %s', async (_, host, ssl, words) => {
      const named = ssl.replace('OWN', own.cert).replace('OTHER', other.cert);
      expect(await refusal(url(host, named))).toMatch(words);
    });

    it('is refused where the database has no TLS, and the URL asks for it', async () => {
      for (const ssl of ['sslmode=require', `sslmode=verify-full&sslrootcert=${own.cert}`]) {
        expect(await refusal(url('localhost', ssl, plain.port))).toContain('does not support SSL');
      }
    });
  });

  describe.skipIf(REDIS === undefined)('in Redis', () => {
    let redis: TestRedis;
    let port: number;

    beforeAll(async () => {
      port = await freePort();
      redis = await startRedis([
        ...['--tls-port', String(port), '--tls-cert-file', own.cert, '--tls-key-file', own.key],
        ...['--tls-ca-cert-file', own.cert, '--tls-auth-clients', 'no'],
      ]);
    });
    afterAll(() => redis.stop());

    it('is used with a certificate that the URL names', async () => {
      await carriesWork(`rediss://localhost:${port}?sslrootcert=${own.cert}`);
      await carriesWork(`valkeys://localhost:${port}?sslrootcert=${own.cert}&prefix=other`);
    });

    it('is refused in words where nobody vouches for it, or it is for another host', async () => {
      expect(await refusal(`rediss://localhost:${port}`)).toMatch(/self-signed certificate/);
      expect(await refusal(`rediss://localhost:${port}?sslrootcert=${other.cert}`)).toMatch(/certificate/);
      expect(await refusal(`rediss://127.0.0.1:${port}?sslrootcert=${own.cert}`)).toMatch(/IP: 127\.0\.0\.1/);
    });

    it('is refused where the URL asks for none and a certificate is named', async () => {
      const words = await refusal(`redis://localhost:${redis.port}?sslrootcert=${own.cert}`);
      expect(words).toContain('rediss://');
    });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
