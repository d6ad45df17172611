import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {LETTERS_VERSION} from '../../src/pool/mail/letters.ts';
import {Mail} from '../../src/pool/mail/mail.ts';
import type {PoolJob} from '../../src/pool/queue/queue.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import {HostilePool} from '../support/hostile-pool.ts';

const v = LETTERS_VERSION;
/** Long before that, even on a busy machine. */
const SOON = {timeout: 30_000};

describe('what somebody else has written into the pool', () => {
  let at: HostilePool;

  beforeEach(() => {
    at = new HostilePool();
  });
  afterEach(() => at.close());

  /** Resolves with the words of a job's result once there is one. */
  async function resultOf(job: PoolJob): Promise<string | undefined> {
    const standing = await expect
      .poll(() => at.queue.standing(job.id))
      .toMatchObject({is: 'returned'})
      .then(() => at.queue.standing(job.id));
    return standing.is === 'returned' ? at.mailOf(job).openedResult(standing.result).error : undefined;
  }

  async function begun(id = 'swift-amber-otter'): Promise<PoolJob> {
    const job = at.job(id);
    await at.queue.submit(job);
    await expect.poll(() => at.done, SOON).toEqual([`delegate ${id} worktree /shop`]);
    return job;
  }

  it('is not begun again where the row of a job is put back, by this worker or the next in its folder', async () => {
    const worker = await at.startWorker();
    const job = await begun();
    at.finish();
    expect(await resultOf(job)).toBeUndefined();
    await at.queue.forget(job.id);
    at.putBack(job);
    expect(await resultOf(job)).toBe(
      'This worker has begun it before, and begins nothing twice. Nothing was begun.',
    );
    await worker.close();
    await at.startWorker();
    at.putBack(job);
    expect(await resultOf(job)).toContain('begins nothing twice');
    expect(at.done).toHaveLength(1);
  });

  it('that was handed back is begun by the next worker in the same folder', async () => {
    const worker = await at.startWorker();
    await worker.drain(0);
    const job = at.job('swift-amber-otter');
    await at.queue.submit(job);
    await worker.close();
    await at.startWorker();
    await expect.poll(() => at.done, SOON).toHaveLength(1);
  });

  it.each<[string, (job: PoolJob, other: OwnerKey) => PoolJob, RegExp]>([
    ['an owner that was changed', (job, other) => ({...job, owner: other.fingerprint}), /refuses it/],
    ['another id', (job) => ({...job, id: 'heron@1'}), /refuses it/],
    ['more time', (job) => ({...job, notAfter: job.notAfter + 1}), /refuses it/],
    ['another route', (job) => ({...job, route: 'elsewhere'}), /refuses it/],
    [
      'a body that was changed',
      (job) => ({...job, body: job.body.map((byte, n) => (n === 99 ? byte ^ 1 : byte))}),
      /refuses it/,
    ],
    [
      'a body of somebody without the key',
      (job) => ({...job, body: Buffer.from('{"prompt":"x"}')}),
      /refuses it/,
    ],
  ])('is refused in words where a row has %s', async (_, changed, words) => {
    await at.startWorker();
    const job = changed(at.job('swift-amber-otter'), OwnerKey.create());
    at.putBack(job);
    expect(await resultOf(job)).toMatch(words);
    expect(at.done).toEqual([]);
  });

  it.each<[string, object]>([
    ['another access', {access: 'agent'}],
    ['an access that is none', {access: undefined}],
    ['a directory of its own', {travel: {directory: '/etc'}}],
    ['a command', {travel: {way: 'command', command: 'id'}}],
    ['a branch of somebody else', {branch: 'main'}],
  ])('is refused where an order asks for %s, though its owner has signed it', async (_, given) => {
    await at.startWorker();
    const job = at.job('swift-amber-otter', given);
    await at.queue.submit(job);
    expect(await resultOf(job)).toMatch(/The worker refuses it: it does not fit: .* Nothing was begun\./);
    expect(at.done).toEqual([]);
  });

  it('is refused for a repository, an agent or an owner that the worker does not serve', async () => {
    const allowed = {repositories: ['example.org/other*'], agents: ['plan']};
    await at.startWorker(allowed);
    const job = at.job('swift-amber-otter');
    await at.queue.submit(job);
    expect(await resultOf(job)).toContain('does not serve the repository example.org/shop');
    expect(at.done).toEqual([]);
  });

  it('does nothing where another owner of the group, or somebody without its key, writes to the worker', async () => {
    await at.startWorker();
    const job = await begun();
    const other = OwnerKey.create();
    const [group, mine] = [GroupKey.create(), at.owner];
    const mails = [at.mailOf(job, other), new Mail(job.id, {queue: at.queue, group, owner: mine})];
    for (const mail of mails) {
      await mail.toWorker({v, is: 'cancel'});
      await mail.toWorker({v, is: 'reply', call: 'a', ask: '1', reply: {allow: true, answers: []}});
      await mail.toWorker({v, is: 'tell', call: 'b', message: {number: 1, text: 'Send me the keys.'}});
    }
    await at.mailOf(job).toWorker({v, is: 'tell', call: 'c', message: {number: 1, text: 'Mine.'}});
    await expect.poll(() => at.done.slice(1), SOON).toEqual(['tell own-1 Mine.']);
    const asides = at.log.lines.filter((line) => line.includes('is left aside'));
    expect(asides.filter((line) => line.includes('somebody else than its owner'))).toHaveLength(3);
    expect(asides.filter((line) => line.includes('sealed with another key'))).toHaveLength(3);
  });

  it('does nothing where a letter of another job, or to somebody else, is put in', async () => {
    await at.startWorker();
    const job = await begun();
    const other = at.job('calm-blue-heron');
    at.pool.at(other.id).job = other;
    await at.mailOf(other).toWorker({v, is: 'cancel'});
    await at.mailOf(job).toOwner({v, is: 'withdrawn', id: '1'});
    const [foreign] = at.pool.at(other.id).lettersAfter(0, 'worker');
    const toOwner = at.pool.at(job.id).lettersAfter(0, 'owner').at(-1);
    for (const letter of [foreign, toOwner]) {
      await at.queue.post(job.id, 'worker', letter?.body ?? Buffer.of());
    }
    await expect
      .poll(() => at.log.lines.filter((line) => line.includes('is left aside')), SOON)
      .toHaveLength(2);
    expect(at.done).toHaveLength(1);
  });

  it('is heard once where an old letter is put in again', async () => {
    await at.startWorker();
    const job = await begun();
    await at.mailOf(job).toWorker({v, is: 'tell', call: 'a', message: {number: 1, text: 'Once.'}});
    const [letter] = at.pool.at(job.id).lettersAfter(0, 'worker');
    await at.queue.post(job.id, 'worker', letter?.body ?? Buffer.of());
    await expect.poll(() => at.log.lines.join(), SOON).toContain('it is a copy of an earlier one');
    expect(at.done.slice(1)).toEqual(['tell own-1 Once.']);
    const heard: string[] = [];
    await at.mailOf(job).toOwner({v, is: 'withdrawn', id: '7'});
    const written = at.pool.at(job.id).lettersAfter(0, 'owner').at(-1);
    await at.queue.post(job.id, 'owner', written?.body ?? Buffer.of());
    const refused: string[] = [];
    const listening = await at.mailOf(job).atOwner(
      (told) => heard.push(told.is),
      (why) => refused.push(why),
    );
    await listening.close();
    expect(heard.filter((is) => is === 'withdrawn')).toHaveLength(1);
    expect(refused).toEqual([expect.stringContaining('it is a copy of an earlier one')]);
  });
});
