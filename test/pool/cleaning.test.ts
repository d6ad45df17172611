import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import {MemoryPool} from '../../src/pool/queue/memory-pool.ts';
import type {Lease, PoolJob} from '../../src/pool/queue/queue.ts';
import {Cleaning} from '../../src/pool/worker/cleaning.ts';
import {FakeLog} from '../support/fakes.ts';

const JOB: PoolJob = {
  ...{id: 'swift-amber-otter@1', owner: 'ada', route: 'shop', body: new Uint8Array([1])},
  notAfter: Date.now() + 3_600_000,
};
const SELF = {name: 'worker-1', host: 'big', version: '1.0.0', opencode: '1.18.33'};

describe('cleaning after a job', () => {
  const pool = new MemoryPool();
  const queue = pool.connect();
  let removed: string[];
  let whenForgotten: () => Promise<void>;
  let cleaning: Cleaning;

  beforeEach(() => {
    removed = [];
    whenForgotten = async () => {};
    cleaning = open();
  });
  afterEach(() => cleaning.close());

  function open(arrived: readonly string[] = []): Cleaning {
    return new Cleaning({
      ...{queue, log: new FakeLog()},
      services: {
        forget: async (job) => {
          removed.push(`records of ${job}`);
          await whenForgotten();
        },
      },
      code: {arrived: async () => arrived, remove: async (job) => void removed.push(`code of ${job}`)},
    });
  }

  it('nothing is removed before the owner has the result; then all is, the code last', async () => {
    const job = {...JOB, id: 'one@1'};
    const taken = deferred<Lease>();
    const given = deferred<void>();
    const serving = await queue.serve(SELF, {
      ...{routes: 'all', owners: 'all', concurrency: 1},
      lease: async (lease) => {
        taken.resolve(lease);
        await given.promise;
      },
    });
    await queue.submit(job);
    const lease = await taken.promise;
    await cleaning.after(job.id);
    await lease.giveResult(new Uint8Array([2]));
    given.resolve();
    await serving.drain();
    expect(await queue.standing(job.id)).toMatchObject({is: 'returned'});
    await cleaning.close();
    expect(removed).toEqual([]);
    // The next process finds it, and goes on.
    cleaning = open([job.id]);
    await cleaning.tidy();
    expect(removed).toEqual([]);
    await queue.forget(job.id);
    await expect.poll(() => removed).toEqual(['records of one@1', 'code of one@1']);
  });

  it('where records cannot be removed, the code stays, by which the next process finds the job', async () => {
    whenForgotten = () => Promise.reject(new Error('the disk is full'));
    await cleaning.after('unknown@1');
    await cleaning.taken('unknown@1');
    expect(removed).toEqual(['records of unknown@1']);
    whenForgotten = async () => {};
    cleaning = open(['unknown@1']);
    await cleaning.tidy();
    await expect.poll(() => removed.slice(1)).toEqual(['records of unknown@1', 'code of unknown@1']);
  });

  it('a job that was handed back and comes again waits for the end of its removal', async () => {
    const going = deferred<void>();
    whenForgotten = () => going.promise;
    await cleaning.after('again@1');
    let isTaken = false;
    const taken = cleaning.taken('again@1').then(() => {
      isTaken = true;
    });
    expect(isTaken).toBe(false);
    going.resolve();
    await taken;
    expect(removed).toEqual(['records of again@1', 'code of again@1']);
  });
});
