import pg from 'pg';
import {afterAll, beforeAll, describe, expect, it, onTestFinished, vi} from 'vitest';
import {Refusal} from '../../src/base/errors.ts';
import {openQueue, setUpPool} from '../../src/pool/engine/open.ts';
import {FileMissing, PoolFull, PoolUnreachable} from '../../src/pool/queue/errors.ts';
import type {JobStanding, PoolJob, PoolQueue} from '../../src/pool/queue/queue.ts';
import {startCuttableProxy} from '../support/cuttable-proxy.ts';
import {createGate} from '../support/gate.ts';
import {CAN_MOUNT, startPostgres, type TestPostgres} from '../support/postgres.ts';
import {QUICK} from './quick-times.ts';

const SELF = {name: 'big', host: 'big', version: '1.2.3', opencode: '1.18.33'};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let count = 0;
function aJob(given: Partial<PoolJob> = {}): PoolJob {
  const id = `swift-otter-${++count}@project`;
  const body = bytes('sealed words');
  return {id, owner: 'owner', route: `route-${count}`, notAfter: Date.now() + 60_000, body, ...given};
}

async function* many(chunk: Uint8Array, times: number): AsyncIterable<Uint8Array> {
  for (let number = 0; number < times; number++) yield chunk;
}

async function sizeOf(content: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of content) size += chunk.length;
  return size;
}

describe('a pool in Postgres', () => {
  let postgres: TestPostgres;
  let url: string;

  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.create('pool');
    await postgres.query(
      'pool',
      'CREATE ROLE team LOGIN; CREATE ROLE others LOGIN; CREATE ROLE outsider LOGIN',
    );
    await setUpPool(postgres.urlOf('pool'), {role: 'team'});
    await setUpPool(`${postgres.urlOf('pool')}?schema=others`, {role: 'others'});
    url = postgres.urlOf('pool', 'team');
  });

  afterAll(() => postgres.stop());

  async function opened(at = url): Promise<PoolQueue> {
    const queue = await openQueue({url: at, times: QUICK});
    onTestFinished(() => queue.close());
    return queue;
  }

  async function asked(role: string, sql: string): Promise<string | readonly unknown[]> {
    const client = new pg.Client(postgres.urlOf('pool', role));
    try {
      await client.connect();
      return (await client.query(sql)).rows;
    } catch (error) {
      return (error as {code: string}).code;
    } finally {
      await client.end().catch(() => {});
    }
  }

  it('is set up as often as somebody likes', async () => {
    await setUpPool(postgres.urlOf('pool'), {role: 'team'});
    const queue = await opened();
    expect(Math.abs((await queue.now()) - Date.now())).toBeLessThan(60_000);
  });

  it('says what a person has to change before it can be set up', async () => {
    await expect(setUpPool(postgres.urlOf('pool'), {role: 'nobody'})).rejects.toThrow(
      'This Postgres has no role "nobody". Make it first: CREATE ROLE "nobody"',
    );
    await expect(setUpPool(postgres.urlOf('pool', 'outsider'))).rejects.toThrow(
      'Give the URL of one that may create a schema',
    );
  });

  it('shows nothing to a role of another group, and does not let others in', async () => {
    const job = aJob();
    const queue = await opened();
    await queue.submit(job);
    const tables = await postgres.query(
      'pool',
      "SELECT tablename FROM pg_tables WHERE schemaname = 'opencode_delegate'",
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const {tablename} of tables) {
      expect(await asked('others', `SELECT * FROM opencode_delegate.${tablename}`)).toBe('42501');
    }
    const taking = `SELECT * FROM opencode_delegate.move_to_active('${job.route}.owner', 't', 1, 1, '', 1, 1)`;
    expect(await asked('others', taking)).toBe('42501');
    expect(await asked('outsider', 'SELECT 1')).toBe('42501');
    const other = await opened(`${postgres.urlOf('pool', 'others')}?schema=others`);
    expect(await other.standing(job.id)).toEqual({is: 'unknown'});
    await expect(openQueue({url: postgres.urlOf('pool', 'others')})).rejects.toThrow(Refusal);
  });

  it('lets its role change rows only', async () => {
    const made = [
      'CREATE TABLE x ()',
      'DROP TABLE desk_job',
      'ALTER TABLE desk_job ADD x text',
      'TRUNCATE desk_job',
    ];
    for (const sql of [...made, 'UPDATE desk_version SET version = 9', 'CREATE SCHEMA x', 'CREATE ROLE x']) {
      expect(await asked('team', `SET search_path TO opencode_delegate; ${sql}`), sql).toBe('42501');
    }
  });

  it('says what is missing where there is no pool, and what is wrong with a URL', async () => {
    await expect(openQueue({url: `${url}?schema=nothing`})).rejects.toThrow(
      'has no pool in the schema "nothing"',
    );
    await expect(openQueue({url: `${url}?schema=a"b`})).rejects.toThrow('no name for a schema');
    await expect(openQueue({url: 'mysql://x'})).rejects.toThrow('begins with postgres://');
    await expect(openQueue({url: 'postgres://x@127.0.0.1:1/x'})).rejects.toThrow(PoolUnreachable);
  });

  it('does not let a machine work whose clock is wrong', async () => {
    const queue = await opened();
    const now = vi
      .spyOn(Date, 'now')
      .mockImplementation(() => performance.timeOrigin + performance.now() + 60_000);
    onTestFinished(() => now.mockRestore());
    const serving = queue.serve(SELF, {routes: 'all', owners: 'all', concurrency: 1, lease: async () => {}});
    await expect(serving).rejects.toThrow(/clock is 60 s ahead of the database's/);
  });

  it('has no half of a file whose network is cut in the middle', async () => {
    const proxy = await startCuttableProxy(postgres.port);
    onTestFinished(() => proxy.close());
    const job = aJob();
    const queue = await opened(url.replace(`:${postgres.port}`, `:${proxy.port}`));
    void proxy.cutAfter(3_000_000);
    const chunk = Buffer.alloc(500_000, 1);
    await expect(queue.putFile(job.id, 'code', many(chunk, 20))).rejects.toThrow(PoolUnreachable);
    const other = await opened();
    await expect(sizeOf(other.getFile(job.id, 'code'))).rejects.toThrow(FileMissing);
    proxy.rejoin();
    await queue.putFile(job.id, 'code', many(chunk, 20));
    expect(await sizeOf(other.getFile(job.id, 'code'))).toBe(10_000_000);
  });

  it('is away when a cable is pulled out, and there when it is put in', async () => {
    const proxy = await startCuttableProxy(postgres.port);
    onTestFinished(() => proxy.close());
    const job = aJob();
    const queue = await opened(url.replace(`:${postgres.port}`, `:${proxy.port}`));
    proxy.swallow();
    await expect(queue.submit(job)).rejects.toThrow(PoolUnreachable);
    proxy.rejoin();
    await queue.submit(job);
    expect(await queue.standing(job.id)).toEqual({is: 'waiting'});
  });

  it('goes on after the database was started again, with the leases that there were', async () => {
    const queue = await opened();
    const [begun, end] = [createGate(), createGate()];
    const [first, second] = [aJob(), aJob()];
    const serving = await queue.serve(SELF, {
      routes: [first.route, second.route],
      owners: 'all',
      concurrency: 1,
      lease: async (lease) => {
        begun.open();
        await end.opened;
        await lease.giveResult(bytes(lease.job.id));
      },
    });
    await queue.submit(first);
    await begun.opened;
    const returned = createGate();
    const notice = (standing: JobStanding) => standing.is === 'returned' && returned.open();
    const listening = await queue.changed(second.id, notice);
    await postgres.down();
    await expect(queue.submit(second)).rejects.toThrow(PoolUnreachable);
    await postgres.up();
    end.open();
    await expect
      .poll(() =>
        queue.submit(second).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await returned.opened;
    expect(await queue.standing(first.id)).toMatchObject({is: 'returned', result: bytes(first.id)});
    await listening.close();
    await serving.drain();
  });
});

describe.skipIf(!CAN_MOUNT)('a pool in a Postgres whose disk is full', () => {
  it('says so, and has nothing half', {timeout: 120_000}, async () => {
    const postgres = await startPostgres({}, '40m');
    onTestFinished(() => postgres.stop());
    await postgres.query('postgres', `CREATE TABLESPACE small LOCATION '${postgres.small}'`);
    await postgres.query('postgres', 'CREATE DATABASE pool TABLESPACE small');
    await setUpPool(postgres.urlOf('pool'));
    const queue = await openQueue({url: postgres.urlOf('pool'), times: {...QUICK, answerMs: 30_000}});
    onTestFinished(() => queue.close());
    const job = aJob();
    await queue.submit(job);
    const noise = Buffer.alloc(256 * 1024, 7);
    await expect(queue.putFile(job.id, 'large', many(noise, 1_000))).rejects.toThrow(PoolFull);
    await expect(sizeOf(queue.getFile(job.id, 'large'))).rejects.toThrow(FileMissing);
    expect(await queue.standing(job.id)).toEqual({is: 'waiting'});
  });
});
