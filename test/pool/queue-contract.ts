import {once} from 'node:events';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {FileMissing, JobOver, LeaseLost, PoolUnreachable} from '../../src/pool/queue/errors.ts';
import type {
  JobStanding,
  Lease,
  Letter,
  PoolJob,
  PoolQuestion,
  PoolQueue,
  Serving,
  ServingOptions,
} from '../../src/pool/queue/queue.ts';
import {reached} from '../../src/pool/queue/reached.ts';
import {createGate} from '../support/gate.ts';

/** A pool under test. */
export interface TestedPool {
  /** A machine of the pool. */
  connect(): Promise<PoolQueue>;
  /** A machine that can be cut off, and for which time stands still as long as it is. */
  connectCuttable(): Promise<{queue: PoolQueue; cut(): void; rejoin(): void}>;
  /** Makes the lease of a job expire whose worker does not renew it. */
  expire(id: string): Promise<void>;
  close(): Promise<void>;
}

let count = 0;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder().decode(body);

/** A job that no other test has. */
function aJob(given: Partial<PoolJob> = {}): PoolJob {
  count++;
  return {
    id: `swift-otter-${count}@project`,
    owner: `owner-${count}`,
    route: `route-${count}`,
    notAfter: Date.now() + 60_000,
    body: bytes(`{"prompt":"number ${count}"}\0\xff`),
    ...given,
  };
}

async function* chunks(...parts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const part of parts) yield bytes(part);
}

async function whole(content: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return text(Buffer.concat(parts));
}

/** What is told one after the other, to be waited for. */
class Told<T> {
  readonly all: T[] = [];
  #waiting: (() => void)[] = [];

  readonly tell = (item: T): void => {
    this.all.push(item);
    for (const look of this.#waiting.splice(0)) look();
  };

  async until(isThere: (item: T, index: number) => boolean): Promise<T> {
    for (;;) {
      const found = this.all.find(isThere);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** What the rest of the program relies on, whatever keeps the queue. */
export function holdsTheContract(name: string, make: () => Promise<TestedPool>): void {
  describe(`a queue ${name}`, () => {
    let pool: TestedPool;
    let owner: PoolQueue;
    let machine: PoolQueue;

    beforeAll(async () => {
      pool = await make();
      owner = await pool.connect();
      machine = await pool.connect();
    });

    afterAll(async () => {
      await owner?.close();
      await machine?.close();
      await pool?.close();
    });

    /** Takes the jobs of a route, which then wait for what the test does with their leases. */
    async function serves(
      route: string,
      given: Partial<ServingOptions> = {},
      queue = machine,
      worker = 'big-machine',
    ): Promise<{leases: Told<Lease>; serving: Serving; letGo: () => void}> {
      const [leases, end] = [new Told<Lease>(), createGate()];
      const serving = await queue.serve(
        {name: `${worker}-${++count}`, host: 'big', version: '1.2.3', opencode: '1.18.33'},
        {
          routes: [route],
          owners: 'all',
          concurrency: 2,
          lease: async (lease) => {
            leases.tell(lease);
            await end.opened;
          },
          ...given,
        },
      );
      onTestFinished(async () => {
        end.open();
        await serving.drain();
      });
      return {leases, serving, letGo: end.open};
    }

    async function watched(id: string, queue = owner): Promise<Told<JobStanding>> {
      const told = new Told<JobStanding>();
      const listening = await queue.changed(id, told.tell);
      onTestFinished(() => listening.close());
      return told;
    }

    it('takes a job on once, and gives it to a worker as it was', async () => {
      const job = aJob();
      expect(await owner.standing(job.id)).toEqual({is: 'unknown'});
      await owner.submit(job);
      await owner.submit({...job, body: bytes('another')});
      expect(await owner.standing(job.id)).toMatchObject({is: 'waiting'});
      const {leases} = await serves(job.route);
      const lease = await leases.until(() => true);
      expect({...lease.job, body: text(lease.job.body)}).toEqual({...job, body: text(job.body)});
      expect(await owner.standing(job.id)).toEqual({
        is: 'leased',
        worker: expect.stringMatching(/^big-machine-/),
        since: expect.any(Number),
      });
      await lease.giveResult(bytes('Done.\0'));
      await lease.giveResult(bytes('Done.\0'));
      expect(await owner.standing(job.id)).toMatchObject({is: 'returned', result: bytes('Done.\0')});
      await owner.submit(job);
      expect(await owner.standing(job.id)).toMatchObject({is: 'returned'});
      expect(leases.all).toHaveLength(1);
    });

    it('wakes a worker that waits, and tells the owner of each change', async () => {
      const job = aJob();
      const {leases} = await serves(job.route);
      const told = await watched(job.id);
      await owner.submit(job);
      await told.until(({is}) => is === 'leased');
      await (await leases.until(() => true)).giveResult(bytes('Done.'));
      await told.until(({is}) => is === 'returned');
      expect(told.all[0]).toEqual({is: 'unknown'});
    });

    it('gives each job to one of many workers', async () => {
      const {route} = aJob();
      const jobs = Array.from({length: 20}, () => aJob({route}));
      const given = new Told<string>();
      const lease = async (lease: Lease) => {
        given.tell(lease.job.id);
        await lease.giveResult(bytes(lease.job.id));
      };
      await serves(route, {lease});
      await serves(route, {lease}, await connected());
      const told = await Promise.all(jobs.map(({id}) => watched(id)));
      await Promise.all(jobs.map((job) => owner.submit(job)));
      for (const each of told) await each.until(({is}) => is === 'returned');
      expect([...given.all].sort()).toEqual(jobs.map(({id}) => id).sort());
    });

    async function connected(): Promise<PoolQueue> {
      const queue = await pool.connect();
      onTestFinished(() => queue.close());
      return queue;
    }

    it('gives a worker only what it serves', async () => {
      const [mine, others, foreign] = [aJob(), aJob(), aJob()];
      await owner.submit(others);
      await owner.submit({...foreign, route: mine.route});
      await owner.submit(mine);
      const {leases} = await serves(mine.route, {owners: [mine.owner]});
      await (await leases.until(() => true)).giveResult(bytes('Done.'));
      expect(leases.all.map(({job}) => job.id)).toEqual([mine.id]);
      expect(await owner.standing(others.id)).toMatchObject({is: 'waiting'});
      expect(await owner.standing(foreign.id)).toMatchObject({is: 'waiting'});
    });

    it('withdraws what waits, and what has not come yet', async () => {
      const [waiting, early] = [aJob(), aJob()];
      await owner.submit(waiting);
      expect(await owner.withdraw(waiting.id)).toBe(true);
      expect(await owner.withdraw(waiting.id)).toBe(true);
      expect(await owner.withdraw(early.id)).toBe(true);
      expect(await owner.standing(waiting.id)).toEqual({is: 'unknown'});
      await expect(owner.submit(waiting)).rejects.toThrow(JobOver);
      await expect(owner.submit(early)).rejects.toThrow(JobOver);
    });

    it('keeps no file of what was withdrawn, whether it had come or not', async () => {
      const [waiting, early] = [aJob(), aJob()];
      for (const {id} of [waiting, early]) await owner.putFile(id, 'code', chunks('a bundle'));
      await owner.submit(waiting);
      for (const {id} of [waiting, early]) {
        await owner.withdraw(id);
        await expect(whole(owner.getFile(id, 'code'))).rejects.toThrow(FileMissing);
        await expect(owner.putFile(id, 'code', chunks('late'))).rejects.toThrow(JobOver);
      }
    });

    it('does not withdraw what a worker has or had', async () => {
      const job = aJob();
      await owner.submit(job);
      const {leases} = await serves(job.route);
      const lease = await leases.until(() => true);
      expect(await owner.withdraw(job.id)).toBe(false);
      await lease.giveResult(bytes('Done.'));
      expect(await owner.withdraw(job.id)).toBe(false);
      expect(await owner.standing(job.id)).toMatchObject({is: 'returned'});
    });

    it('is withdrawn or leased, and never both', async () => {
      const jobs = Array.from({length: 12}, () => aJob());
      const {leases} = await serves('', {routes: jobs.map(({route}) => route), concurrency: 50});
      const withdrawn = await Promise.all(
        jobs.map(async (job) => {
          await owner.submit(job);
          return owner.withdraw(job.id);
        }),
      );
      const last = aJob({route: jobs[0]?.route ?? ''});
      await owner.submit(last);
      await leases.until(({job}) => job.id === last.id);
      for (const [index, job] of jobs.entries()) {
        if (!withdrawn[index]) await leases.until((lease) => lease.job.id === job.id);
        const isLeased = leases.all.some((lease) => lease.job.id === job.id);
        expect(isLeased, job.id).toBe(!withdrawn[index]);
      }
    });

    it('gives what was handed back to another worker', async () => {
      const job = aJob();
      await owner.submit(job);
      const first = await serves(job.route);
      const lease = await first.leases.until(() => true);
      void first.serving.drain();
      await lease.handBack();
      first.letGo();
      await expect(lease.giveResult(bytes('late'))).rejects.toThrow(LeaseLost);
      const second = await serves(job.route);
      await (await second.leases.until(() => true)).giveResult(bytes('Done.'));
      expect(await owner.standing(job.id)).toMatchObject({is: 'returned', result: bytes('Done.')});
    });

    it('takes a job for lost that its worker lets go of', async () => {
      const job = aJob();
      const told = await watched(job.id);
      await serves(job.route, {lease: () => Promise.reject(new Error('no'))});
      await owner.submit(job);
      expect(await told.until(({is}) => is === 'lost')).toMatchObject({
        worker: expect.stringMatching(/^big-machine-/),
        why: expect.stringContaining('without a result'),
      });
      expect(await owner.jobs(job.owner)).toEqual([{id: job.id, route: job.route, stands: 'ended'}]);
    });

    it('does not begin what comes too late', async () => {
      const job = aJob({notAfter: (await owner.now()) + 300});
      await owner.submit(job);
      const told = await watched(job.id);
      expect(await told.until(({is}) => is === 'lost')).toMatchObject({worker: undefined});
      const {leases} = await serves(job.route);
      const next = aJob({route: job.route});
      await owner.submit(next);
      await leases.until(() => true);
      expect(leases.all.map((lease) => lease.job.id)).toEqual([next.id]);
      await expect(owner.submit(aJob({notAfter: 1}))).rejects.toThrow(JobOver);
    });

    it('tells an owner of all that is not forgotten, the oldest first', async () => {
      const [first, second, other] = [aJob(), aJob(), aJob()];
      const mine = {...second, owner: first.owner};
      await owner.submit(first);
      // The database tells them apart by the millisecond.
      const begun = await owner.now();
      while ((await owner.now()) === begun);
      await owner.submit(mine);
      await owner.submit(other);
      await (await serves(mine.route)).leases.until(() => true);
      expect(await machine.jobs(first.owner)).toEqual([
        {id: first.id, route: first.route, stands: 'waiting'},
        {id: mine.id, route: mine.route, stands: 'leased'},
      ]);
    });

    it('keeps letters in order, and gives each reader its own', async () => {
      const job = aJob();
      await owner.submit(job);
      await machine.post(job.id, 'owner', bytes('one'));
      await machine.post(job.id, 'owner', bytes('two'));
      await owner.post(job.id, 'worker', bytes('hello'));
      const told = new Told<Letter>();
      const listening = await owner.receive(job.id, 'owner', 1, told.tell);
      await told.until(({number}) => number === 2);
      await Promise.all(['a', 'b', 'c'].map((word) => machine.post(job.id, 'owner', bytes(word))));
      await told.until(({number}) => number === 5);
      expect(told.all.map(({number}) => number)).toEqual([2, 3, 4, 5]);
      expect(told.all.map(({body}) => text(body)).sort()).toEqual(['a', 'b', 'c', 'two']);
      await listening.close();
      await listening.close();
      await machine.post(job.id, 'owner', bytes('later'));
      const [again, worker] = [new Told<Letter>(), new Told<Letter>()];
      const others = [
        await owner.receive(job.id, 'owner', 5, again.tell),
        await machine.receive(job.id, 'worker', 0, worker.tell),
      ];
      expect(text((await again.until(() => true)).body)).toBe('later');
      expect(text((await worker.until(() => true)).body)).toBe('hello');
      expect(told.all).toHaveLength(4);
      for (const other of others) await other.close();
      await expect(owner.post(aJob().id, 'worker', bytes('x'))).rejects.toThrow(JobOver);
    });

    it('has a file whole, or not at all', async () => {
      const job = aJob();
      await owner.putFile(job.id, 'code', chunks('a bun', '', 'dle'));
      await owner.submit(job);
      expect(await whole(machine.getFile(job.id, 'code'))).toBe('a bundle');
      async function* broken(): AsyncIterable<Uint8Array> {
        yield bytes('half of ');
        throw new Error('The network was cut.');
      }
      await expect(machine.putFile(job.id, 'code', broken())).rejects.toThrow('cut');
      await expect(machine.putFile(job.id, 'other', broken())).rejects.toThrow('cut');
      expect(await whole(owner.getFile(job.id, 'code'))).toBe('a bundle');
      await expect(whole(owner.getFile(job.id, 'other'))).rejects.toThrow(FileMissing);
      const large = Array.from({length: 5}, (_, index) => String(index).repeat(300_000));
      await machine.putFile(job.id, 'code', chunks(...large));
      expect(await whole(owner.getFile(job.id, 'code'))).toBe(large.join(''));
      await machine.putFile(job.id, 'empty', chunks());
      expect(await whole(owner.getFile(job.id, 'empty'))).toBe('');
    });

    it('forgets all but that there was a job', async () => {
      const job = aJob();
      await owner.submit(job);
      const {leases} = await serves(job.route);
      await (await leases.until(() => true)).giveResult(bytes('Done.'));
      await machine.putFile(job.id, 'branch', chunks('bundle'));
      await machine.post(job.id, 'owner', bytes('word'));
      expect(await machine.job(job.id)).toEqual(job);
      expect(await owner.jobs(job.owner)).toEqual([{id: job.id, route: job.route, stands: 'ended'}]);
      const told = await watched(job.id);
      await owner.forget(job.id, bytes('Collected elsewhere.'));
      await owner.forget(job.id);
      await told.until(({is}) => is === 'unknown');
      expect(await owner.job(job.id)).toBeUndefined();
      expect(await owner.jobs(job.owner)).toEqual([]);
      expect(await owner.standing(job.id)).toEqual({is: 'unknown', note: bytes('Collected elsewhere.')});
      await expect(whole(owner.getFile(job.id, 'branch'))).rejects.toThrow(FileMissing);
      await expect(machine.putFile(job.id, 'branch', chunks('b'))).rejects.toThrow(JobOver);
      await expect(machine.post(job.id, 'owner', bytes('x'))).rejects.toThrow(JobOver);
      await expect(owner.submit(job)).rejects.toThrow(JobOver);
      expect(leases.all).toHaveLength(1);
    });

    it('takes a lease from the worker when the owner forgets its job', async () => {
      const job = aJob();
      await owner.submit(job);
      const {leases} = await serves(job.route);
      const lease = await leases.until(() => true);
      const aborted = once(lease.signal, 'abort');
      await owner.forget(job.id);
      await aborted;
      await expect(lease.giveResult(bytes('late'))).rejects.toThrow(LeaseLost);
      await expect(lease.handBack()).rejects.toThrow(LeaseLost);
      expect(await owner.standing(job.id)).toEqual({is: 'unknown'});
    });

    it('shows the workers that there are, until they are drained', async () => {
      const job = aJob();
      const {leases, serving, letGo} = await serves(job.route);
      await owner.submit(job);
      const lease = await leases.until(() => true);
      const {worker} = (await owner.standing(job.id)) as {worker: string};
      const card = async () => (await owner.workers()).find(({name}) => name === worker);
      await expect.poll(card).toMatchObject({busy: 1, concurrency: 2, version: '1.2.3', opencode: '1.18.33'});
      expect(serving.leased).toBe(1);
      const drained = serving.drain();
      const next = aJob({route: job.route});
      await owner.submit(next);
      await lease.giveResult(bytes('Done.'));
      letGo();
      await drained;
      expect(serving.leased).toBe(0);
      expect(await card()).toBeUndefined();
      expect(await owner.standing(next.id)).toMatchObject({is: 'waiting'});
      expect(leases.all).toHaveLength(1);
    });

    it('asks a worker, which answers though it has no room; asks at once do not mix', async () => {
      const job = aJob();
      const answer = async ({id, body}: PoolQuestion) => bytes(`${id}: ${text(body)}`);
      await owner.submit(job);
      const {leases} = await serves(job.route, {concurrency: 1, answer});
      const deaf = await serves(aJob().route, {answer: async () => bytes('')}, machine, 'deaf');
      await leases.until(() => true);
      const {worker} = (await owner.standing(job.id)) as {worker: string};
      const other = (await owner.workers()).find(({name}) => name.startsWith('deaf-'))?.name ?? '';
      const asked = (name: string, to: string, withinMs = 20_000) =>
        owner.ask({id: name, worker: to, body: bytes(name)}, withinMs).then((body) => body && text(body));
      const answers = await Promise.all([asked('q1', worker), asked('q2', worker), asked('q3', other)]);
      expect(answers).toEqual(['q1: q1', 'q2: q2', '']);
      expect(await asked('q4', 'nobody', 200)).toBeUndefined();
      expect(deaf.leases.all).toEqual([]);
    });

    it('loses the lease of a worker that is frozen, and refuses its late result', async () => {
      const job = aJob();
      const {queue, cut, rejoin} = await pool.connectCuttable();
      onTestFinished(() => queue.close());
      const told = await watched(job.id);
      const {leases, letGo} = await serves(job.route, {}, queue, 'frozen');
      await owner.submit(job);
      const lease = await leases.until(() => true);
      const aborted = once(lease.signal, 'abort');
      cut();
      await pool.expire(job.id);
      expect(await told.until(({is}) => is === 'lost')).toMatchObject({
        worker: expect.stringMatching(/^frozen-/),
        why: expect.stringContaining('not renewed'),
      });
      rejoin();
      await aborted;
      await expect
        .poll(() => lease.giveResult(bytes('late')).catch((error: unknown) => error))
        .toBeInstanceOf(LeaseLost);
      // Its connection may still have to be made again.
      await reached(() => queue.post(job.id, 'owner', bytes('late, as text')), new AbortController().signal);
      expect(await owner.standing(job.id)).toMatchObject({is: 'lost'});
      const letters = new Told<Letter>();
      const listening = await owner.receive(job.id, 'owner', 0, letters.tell);
      expect(text((await letters.until(() => true)).body)).toBe('late, as text');
      await listening.close();
      const another = await serves(job.route);
      const next = aJob({route: job.route});
      await owner.submit(next);
      const given = await Promise.race([
        another.leases.until(() => true),
        leases.until((_, index) => index === 1),
      ]);
      expect(given.job.id).toBe(next.id);
      letGo();
    });

    it('says that it cannot be reached, and goes on when it can', async () => {
      const job = aJob();
      const {queue, cut, rejoin} = await pool.connectCuttable();
      onTestFinished(() => queue.close());
      const [told, letters] = [await watched(job.id, queue), new Told<Letter>()];
      await owner.submit(job);
      const listening = await queue.receive(job.id, 'owner', 0, letters.tell);
      await machine.post(job.id, 'owner', bytes('before'));
      await letters.until(({number}) => number === 1);
      cut();
      await expect(queue.standing(job.id)).rejects.toThrow(PoolUnreachable);
      await expect(queue.submit(aJob())).rejects.toThrow(PoolUnreachable);
      await expect(queue.putFile(job.id, 'cut', chunks('part'))).rejects.toThrow(PoolUnreachable);
      await machine.post(job.id, 'owner', bytes('meanwhile'));
      const {leases} = await serves(job.route);
      await (await leases.until(() => true)).giveResult(bytes('Done.'));
      rejoin();
      await told.until(({is}) => is === 'returned');
      await machine.post(job.id, 'owner', bytes('after'));
      await letters.until(({number}) => number === 3);
      expect(letters.all.map(({body}) => text(body))).toEqual(['before', 'meanwhile', 'after']);
      await listening.close();
    });
  });
}
