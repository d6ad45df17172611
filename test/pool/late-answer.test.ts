import {setImmediate as soon} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import type {PoolLink} from '../../src/pool/client/link.ts';
import {Releases} from '../../src/pool/client/releases.ts';
import {sentJobsOf} from '../../src/pool/client/sent-jobs.ts';
import {createGate} from '../support/gate.ts';
import {aProduct, aRequest, NotingObserver, PoolClientStage} from '../support/pool-client.ts';

const NAMED = {project: 'shop', id: 'swift-amber-otter'};
const MARK =
  /^So far\.\n\n\(Came too late, as completed: .* It is no end of this delegation\.\)\n\nAll of it\.$/;

describe('what a worker says whose job was lost', () => {
  let stage: PoolClientStage;
  let text: string;
  let endedAt: number;
  let status: 'interrupted' | 'cancelled';

  beforeEach(() => {
    stage = new PoolClientStage();
    text = 'So far.';
    endedAt = Date.now();
    status = 'interrupted';
  });
  afterEach(() => stage.close());

  const record = () =>
    ({
      ...NAMED,
      where: {is: 'pool'},
      state: {status, endedAt, work: aProduct('').work},
      text,
    }) as unknown as Delegation;

  /** What a host of the machine has that looks after ends. */
  function releases(link: PoolLink): Releases {
    const made = new Releases({
      ...{link, ledger: stage.ledger},
      read: async () => record(),
      amend: async (_, changed) => {
        text = changed;
      },
    });
    onTestFinished(() => made.close());
    return made;
  }

  /** A job whose worker was lost, and says so when it is back. */
  async function lost(says = 'All of it.'): Promise<{link: PoolLink; job: string; comesBack: () => void}> {
    const {runner, link} = stage.runner();
    const job = link.jobOf(NAMED);
    stage.ledger.add(job, NAMED);
    const run = runner.start(aRequest(), new NotingObserver());
    const back = createGate();
    await stage.worker(async (at) => {
      await at.takes();
      stage.pool.loseLease(job);
      await back.opened;
      await at.tell({is: 'late', outcome: 'completed', product: aProduct(says)});
    });
    expect(await run.end).toMatchObject({outcome: 'interrupted'});
    return {link, job, comesBack: back.open};
  }

  async function isForgotten(link: PoolLink, job: string): Promise<void> {
    const {queue} = await link.access();
    while ((await queue.standing(job)).is !== 'unknown') await soon();
  }

  it('is added to the text, marked as late, and only then the pool forgets it', async () => {
    const {link, job, comesBack} = await lost();
    releases(link).ended(record());
    const {queue, owner} = await link.access();
    await soon();
    expect(await queue.jobs(owner.fingerprint)).toHaveLength(1);
    comesBack();
    await isForgotten(link, job);
    expect(text).toMatch(MARK);
  });

  it('is still awaited by the next host of the machine, and added once', async () => {
    const {link, job, comesBack} = await lost();
    const first = releases(link);
    first.ended(record());
    await soon();
    await first.close();
    comesBack();
    const {queue} = await link.access();
    expect((await queue.standing(job)).is).toBe('lost');
    text = 'So far.';
    const next = releases(link);
    await next.tidy();
    await isForgotten(link, job);
    expect(text).toMatch(MARK);
    while ((await stage.ledger.all()).length > 0) await soon();
  });

  it('is not waited for by other machines, which collect nothing of it', async () => {
    const {link} = await lost();
    const {link: other} = stage.runner('other');
    const sent = async () => sentJobsOf(other, await other.access(), (why) => expect.unreachable(why));
    expect(await sent()).toHaveLength(1);
    releases(link).ended(record());
    while ((await sent()).length > 0) await soon();
  });

  it('is waited for no longer where it has nothing to say', async () => {
    const {link, job, comesBack} = await lost('');
    releases(link).ended(record());
    comesBack();
    await isForgotten(link, job);
    expect(text).toBe('So far.');
  });

  it('is not waited for where its owner has cancelled it', async () => {
    const {link, job} = await lost();
    status = 'cancelled';
    releases(link).ended(record());
    await isForgotten(link, job);
  });

  it('is waited for no longer than a day', async () => {
    const {link, job} = await lost();
    endedAt = Date.now() - 24 * 60 * 60_000;
    releases(link).ended(record());
    await isForgotten(link, job);
    expect(text).toBe('So far.');
  });
});
