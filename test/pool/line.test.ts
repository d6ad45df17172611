import {afterEach, beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {PoolLine} from '../../src/pool/client/line.ts';
import type {PoolAccess} from '../../src/pool/client/link.ts';
import {MemoryPool} from '../../src/pool/queue/memory-pool.ts';
import type {ServingOptions} from '../../src/pool/queue/queue.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';

const SELF = {name: 'big', host: 'big', version: '1.0.0', opencode: '1.18.33'};

describe('the line of a pool', () => {
  const owner = OwnerKey.create();
  let pool: MemoryPool;
  let access: PoolAccess & {queue: ReturnType<MemoryPool['connect']>};
  let line: PoolLine;

  beforeEach(() => {
    pool = new MemoryPool();
    access = {queue: pool.connect(), group: GroupKey.create(), owner};
    line = new PoolLine({access: async () => access});
  });
  afterEach(() => ['a', 'b', 'c'].map((job) => line.leave(job)));

  async function submit(id: string, route = 'shop'): Promise<void> {
    const body = Buffer.from(id);
    const notAfter = Date.now() + 60_000;
    await access.queue.submit({id, owner: owner.fingerprint, route, notAfter, body});
  }

  async function serve(options: Partial<ServingOptions> = {}): Promise<void> {
    let end!: () => void;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const serving = await pool.connect().serve(SELF, {
      ...{routes: 'all', owners: 'all', concurrency: 1, lease: () => ended, ...options},
    });
    onTestFinished(async () => {
      end();
      await serving.drain();
    });
  }

  /** Its place and why it waits, once that was looked at. */
  async function whyOf(job: string): Promise<string> {
    line.look();
    await line.looked();
    const {place, reason} = line.waiting(job) ?? {};
    return `${place}: ${reason?.is === 'elsewhere' ? reason.why : reason?.is}`;
  }

  it('says of each its place, and that no worker is there', async () => {
    await submit('a');
    await submit('other', 'another repository');
    await submit('b');
    line.enter('b');
    line.enter('a');
    expect(await whyOf('a')).toBe('1: no worker serves the pool at the moment');
    expect(await whyOf('b')).toBe('2: no worker serves the pool at the moment');
    expect(line.waiting('c')).toBeUndefined();
  });

  it('says that no worker serves its repository, or its owner', async () => {
    await submit('a');
    line.enter('a');
    await serve({routes: ['another repository']});
    await serve({owners: ['somebody else']});
    expect(await whyOf('a')).toBe('1: no worker of the pool serves this repository, or you');
  });

  it('says that the workers are full, and what was taken and has not begun', async () => {
    await submit('a');
    await serve();
    await submit('b');
    line.enter('a');
    line.enter('b');
    expect(await whyOf('a')).toBe('1: a worker has taken it, and gets its code');
    expect(await whyOf('b')).toBe('1: all workers that serve it are full (1 slot)');
  });

  it('says that it is on its way, and that the database cannot be reached', async () => {
    line.enter('a');
    line.enter('b');
    expect(await whyOf('b')).toBe('2: it is being handed to the pool');
    access.queue.cut();
    expect(await whyOf('b')).toBe('2: the pool cannot be reached');
    access.queue.rejoin();
    await submit('b');
    expect(await whyOf('b')).toBe('1: no worker serves the pool at the moment');
  });

  it('says of one that was begun that the database cannot be reached, for as long as that is so', async () => {
    const troubleOf = async (job: string) => {
      line.look();
      await line.looked();
      return line.trouble(job);
    };
    line.enter('a');
    line.enter('b');
    line.begun('a');
    expect(line.waiting('a')).toBeUndefined();
    expect(await troubleOf('a')).toBeUndefined();
    access.queue.cut();
    expect(await troubleOf('a')).toBe(
      'No news of it at the moment: the pool cannot be reached. Its worker goes on meanwhile.',
    );
    expect(line.trouble('b')).toBeUndefined();
    line.leave('b');
    access.queue.rejoin();
    expect(await troubleOf('a')).toBeUndefined();
  });
});
