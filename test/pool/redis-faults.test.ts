import {Redis} from 'ioredis';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {openQueue} from '../../src/pool/engine/open.ts';
import {FileMissing, PoolFull, PoolUnreachable} from '../../src/pool/queue/errors.ts';
import type {PoolJob, PoolQueue} from '../../src/pool/queue/queue.ts';
import {createGate} from '../support/gate.ts';
import {REDIS, startRedis, type TestRedis} from '../support/redis.ts';
import {QUICK} from './quick-times.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let count = 0;
function aJob(): PoolJob {
  const id = `swift-otter-${++count}@project`;
  const body = bytes('sealed words');
  return {id, owner: 'owner', route: `route-${count}`, notAfter: Date.now() + 60_000, body};
}

describe.skipIf(REDIS === undefined)('a pool in the Redis or Valkey of this machine, if it has one', () => {
  let redis: TestRedis;
  let admin: Redis;

  beforeAll(async () => {
    redis = await startRedis();
    admin = new Redis(redis.port, '127.0.0.1');
    admin.on('error', () => {});
    for (const name of ['team', 'others']) {
      // As docs/pool.md has it.
      const rights = ['+@all', '-@admin', '-@dangerous', '+info', `~${name}:*`, `&${name}:*`];
      await admin.call(
        'ACL',
        'SETUSER',
        name,
        'on',
        `>${name}`,
        'resetkeys',
        'resetchannels',
        '-@all',
        ...rights,
      );
    }
  });

  afterAll(async () => {
    admin?.disconnect();
    await redis?.stop();
  });

  async function opened(name: string): Promise<PoolQueue> {
    const url = `redis://${name}:${name}@127.0.0.1:${redis.port}?prefix=${name}`;
    const queue = await openQueue({url, times: QUICK});
    onTestFinished(() => queue.close());
    return queue;
  }

  it('shows nothing to a user of another group', async () => {
    const queue = await opened('team');
    const job = aJob();
    await queue.submit(job);
    await queue.post(job.id, 'worker', bytes('word'));
    const keys = await admin.keys('*');
    expect(keys.length).toBeGreaterThan(3);
    const foreign = new Redis({port: redis.port, username: 'others', password: 'others'});
    onTestFinished(() => foreign.disconnect());
    for (const key of keys) {
      expect(key).toMatch(/^team:/);
      await expect(foreign.dump(key), key).rejects.toThrow('NOPERM');
    }
    await expect(foreign.subscribe('team:desk:arrivals')).rejects.toThrow('NOPERM');
    expect(await (await opened('others')).standing(job.id)).toEqual({is: 'unknown'});
  });

  it('does all of its work with the rights of its group', async () => {
    const queue = await opened('team');
    const job = aJob();
    const returned = createGate();
    const serving = await queue.serve(
      {name: 'big', host: 'big', version: '1.2.3', opencode: '1.18.33'},
      {
        routes: [job.route],
        owners: 'all',
        concurrency: 1,
        lease: async (lease) => {
          await lease.giveResult(bytes('Done.'));
          returned.open();
        },
      },
    );
    await queue.submit(job);
    await returned.opened;
    await serving.drain();
    expect((await queue.jobs(job.owner)).map(({id}) => id)).toContain(job.id);
    await queue.forget(job.id);
    expect(await queue.standing(job.id)).toEqual({is: 'unknown'});
  });

  it('says that it is full, and has nothing half', async () => {
    const queue = await opened('team');
    const [before, after] = [aJob(), aJob()];
    await queue.submit(before);
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    await admin.config('SET', 'maxmemory', '1');
    onTestFinished(async () => void (await admin.config('SET', 'maxmemory', '0')));
    await expect(queue.submit(after)).rejects.toThrow(PoolFull);
    const content = async function* () {
      yield bytes('a bundle');
    };
    await expect(queue.putFile(before.id, 'code', content())).rejects.toThrow(PoolFull);
    await expect(queue.getFile(before.id, 'code')[Symbol.asyncIterator]().next()).rejects.toThrow(
      FileMissing,
    );
    expect(await queue.standing(before.id)).toEqual({is: 'waiting'});
    await admin.config('SET', 'maxmemory', '0');
    await queue.submit(after);
    expect(await queue.standing(after.id)).toEqual({is: 'waiting'});
  });

  it('has after a crash what it had before', async () => {
    // Users that were made by a command are gone then.
    const queue = await openQueue({url: `redis://127.0.0.1:${redis.port}`, times: QUICK});
    onTestFinished(() => queue.close());
    const job = aJob();
    await queue.submit(job);
    await redis.kill();
    await expect(queue.standing(job.id)).rejects.toThrow(PoolUnreachable);
    await redis.up();
    const again = () => queue.standing(job.id).catch(() => undefined);
    await expect.poll(again, {timeout: 20_000}).toEqual({is: 'waiting'});
  });
});
