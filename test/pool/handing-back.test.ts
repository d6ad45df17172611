import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import {LETTERS_VERSION} from '../../src/pool/mail/letters.ts';
import {bytesOf} from '../../src/pool/mail/mail.ts';
import {PoolUnreachable} from '../../src/pool/queue/errors.ts';
import {sealedJob} from '../../src/pool/seal/sealed-job.ts';
import type {WorkerCode} from '../../src/pool/worker/code.ts';
import {Journal} from '../../src/pool/worker/journal.ts';
import {PoolWorker} from '../../src/pool/worker/worker.ts';
import {PoolClientStage, TRAVEL} from '../support/pool-client.ts';

const ID = 'swift-amber-otter@1';

describe('a worker that has not begun what it has taken', () => {
  let stage: PoolClientStage;
  let worker: PoolWorker;

  beforeEach(() => {
    stage = new PoolClientStage();
  });
  afterEach(async () => {
    await worker.close();
    stage.close();
  });

  /** Takes a job, for which its code comes as a test says. */
  async function taking(arrive: WorkerCode['arrive']) {
    const {group, owner, pool, log} = stage;
    const queue = pool.connect();
    const code = {arrive, arrived: async () => [], remove: async () => {}};
    worker = new PoolWorker({
      ...{queue, group, log, concurrency: 1, checkpointMs: 60_000},
      self: {name: 'worker-1', host: 'big', version: '1.0.0', opencode: '1.18.33'},
      allowed: {owners: 'all', repositories: 'all', agents: 'all'},
      code: {...code, pack: unused, checkpoint: unused},
      journal: new Journal(join(stage.folder, 'begun')),
      services: {of: () => ({environment: unused, delegations: unused}) as never, forget: async () => {}},
    });
    await worker.start();
    const order = {
      ...{v: LETTERS_VERSION, delegation: 'swift-amber-otter', project: 'shop', prompt: 'Do it.'},
      ...{title: 'Do it', access: 'worktree', branch: 'delegation/swift-amber-otter'},
      ...{timeoutMs: 60_000, messages: [], travel: TRAVEL},
    };
    const plain = {id: ID, route: group.route(TRAVEL.repository), body: bytesOf(order)};
    const notAfter = Date.now() + 3_600_000;
    await queue.submit(sealedJob({...plain, notAfter}, {group, owner}));
    return queue;
  }

  it('hands it back when it is told to end while the code is on its way', async () => {
    const asked = deferred<void>();
    const queue = await taking((_, __, {signal}) => {
      asked.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await asked.promise;
    expect(await worker.drain(1_000)).toBe(true);
    expect(await queue.standing(ID)).toMatchObject({is: 'waiting'});
  });

  it('asks for the code again that the network has cut off', async () => {
    const again = deferred<void>();
    let times = 0;
    const queue = await taking(async (_, __, {signal}) => {
      times += 1;
      if (times === 1) throw new PoolUnreachable('The network was cut.');
      again.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await again.promise;
    expect(await queue.standing(ID)).toMatchObject({is: 'leased'});
    expect(await worker.drain(1_000)).toBe(true);
  });
});

function unused(): never {
  throw new Error('nothing is begun here');
}
