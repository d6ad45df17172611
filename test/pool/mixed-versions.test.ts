import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type FromOwner, type JobResult, LETTERS_VERSION} from '../../src/pool/mail/letters.ts';
import {bytesOf} from '../../src/pool/mail/mail.ts';
import type {PoolJob} from '../../src/pool/queue/queue.ts';
import {HostilePool} from '../support/hostile-pool.ts';

const v = LETTERS_VERSION;
const LATER = v + 1;
const SAYS_BOTH = new RegExp(
  `later opencode-delegate: that speaks version ${LATER} of the pool's letters, and this one ${v}\\. Install the same version on both machines`,
);

describe('machines of a pool with other versions of the program', () => {
  let at: HostilePool;

  beforeEach(() => {
    at = new HostilePool();
  });
  afterEach(() => at.close());

  const RESULT: JobResult = {
    ...{v, outcome: 'completed', notes: []},
    product: {
      text: 'Done.',
      work: {
        usage: {input: 1, output: 1, reasoning: 0, cacheRead: 0, cacheWrite: 0, cost: 0},
        ...{toolCalls: 0, filesChanged: [], refused: []},
      },
    },
  };

  const sealedResult = (job: PoolJob, result: object) =>
    at.group.sealed(bytesOf({...RESULT, ...result}), [job.id, 'result']);

  it('understand each other where a later one only says more', async () => {
    const job = at.job('swift-amber-otter');
    const opened = at.mailOf(job).openedResult(sealedResult(job, {mood: 'good'}));
    expect(opened).toEqual(RESULT);
    await at.startWorker();
    await at.queue.submit(at.job('calm-blue-heron', {mood: 'good'} as object));
    await expect.poll(() => at.done, {timeout: 30_000}).toHaveLength(1);
  });

  it('refuse in words what the other means in another way: a job, a result, a letter', async () => {
    const job = at.job('swift-amber-otter', {v: LATER} as object);
    expect(() => at.mailOf(job).openedResult(sealedResult(job, {v: LATER}))).toThrow(SAYS_BOTH);
    await at.startWorker();
    await at.queue.submit(job);
    await expect.poll(() => at.queue.standing(job.id), {timeout: 30_000}).toMatchObject({is: 'returned'});
    const standing = await at.queue.standing(job.id);
    const result = standing.is === 'returned' && at.mailOf(job).openedResult(standing.result);
    expect(result).toMatchObject({outcome: 'error', error: expect.stringMatching(SAYS_BOTH)});
    expect(at.done).toEqual([]);

    const other = at.job('calm-blue-heron');
    await at.queue.submit(other);
    await expect.poll(() => at.done, {timeout: 30_000}).toHaveLength(1);
    const before = at.log.lines.length;
    await at.mailOf(other).toWorker({v: LATER, is: 'cancel'} as unknown as FromOwner);
    await expect.poll(() => at.log.lines.slice(before).join('\n'), {timeout: 30_000}).toMatch(SAYS_BOTH);
    expect(at.done.filter((line) => line.startsWith('cancel'))).toEqual([]);
  });
});
