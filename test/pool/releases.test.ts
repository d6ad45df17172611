import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {Releases} from '../../src/pool/client/releases.ts';
import {JobOver} from '../../src/pool/queue/errors.ts';
import {sealedJob} from '../../src/pool/seal/sealed-job.ts';
import {aDelegation, anEnd, aWorktree} from '../support/fakes.ts';
import {aRequest, NotingObserver, PoolClientStage} from '../support/pool-client.ts';

const WHERE = {is: 'pool' as const};
const ENDED = aDelegation({
  ...{project: 'shop', id: 'swift-amber-otter', where: WHERE},
  state: anEnd({status: 'cancelled'}),
});

describe('what has ended here, and the pool may have', () => {
  let stage: PoolClientStage;
  let releases: Releases;

  beforeEach(() => {
    stage = new PoolClientStage();
  });
  afterEach(async () => {
    await releases.close();
    stage.close();
  });

  /** Has a delegation end that is on disk like that. */
  function ends(delegation: Delegation) {
    const {link, queue, runner} = stage.runner();
    releases = new Releases({
      ...{link, ledger: stage.ledger, read: async () => delegation},
      amend: () => Promise.reject(new Error('nothing comes late here')),
    });
    return {job: link.jobOf(delegation), queue, runner, end: () => releases.ended(delegation)};
  }

  it('is never taken on where it was still on its way', async () => {
    const {job, queue, end} = ends(ENDED);
    end();
    await releases.close();
    const {group, owner} = stage;
    const late = {id: job, route: group.route('example.org/shop'), notAfter: Date.now() + 60_000};
    const submitted = queue.submit(sealedJob({...late, body: new Uint8Array()}, {group, owner}));
    await expect(submitted).rejects.toThrow(JobOver);
  });

  it('has its worker stop though its branch could not be brought home, which the pool keeps', async () => {
    const worktree = aWorktree({
      outcome: {is: 'kept', diffstat: '', notes: ['It could not be brought home.']},
    });
    const {job, queue, runner, end} = ends({...ENDED, worktree});
    const run = runner.start(aRequest(), new NotingObserver());
    const told = deferred<void>();
    await stage.worker(async (at) => {
      const listening = await at.listen(({is}) => {
        if (is === 'cancel') told.resolve();
      });
      await at.takes();
      end();
      await told.promise;
      await listening.close();
      await at.gives({outcome: 'cancelled', error: 'It was cancelled.'});
    });
    expect(await run.end).toMatchObject({outcome: 'cancelled'});
    await releases.close();
    expect(await queue.standing(job)).toMatchObject({is: 'returned'});
  });
});
