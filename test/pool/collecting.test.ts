import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setImmediate as soon} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import type {ClientCode} from '../../src/pool/client/code.ts';
import {CollectReceipts} from '../../src/pool/client/collect-receipts.ts';
import {Collecting} from '../../src/pool/client/collecting.ts';
import {type SentJob, sentJobsOf} from '../../src/pool/client/sent-jobs.ts';
import {takeEnd} from '../../src/pool/client/taking.ts';
import {thisProcess} from '../../src/process/identity.ts';
import {aProduct, aRequest, NotingObserver, PoolClientStage} from '../support/pool-client.ts';

const HARVEST = {commit: '2'.repeat(40), bytes: 1, sha256: '3'.repeat(64)};
const PLACE = {directory: '/clone', project: 'clone'};

async function* noBytes(): AsyncIterable<Uint8Array> {}

describe('what waits in the pool for a machine that is away', () => {
  let stage: PoolClientStage;
  let folder: string;
  let records: Map<string, Delegation>;

  beforeEach(() => {
    stage = new PoolClientStage();
    folder = mkdtempSync(join(tmpdir(), 'opencode-delegate-collecting-'));
    records = new Map();
  });
  afterEach(() => {
    stage.close();
    rmSync(folder, {recursive: true, force: true});
  });

  /** Has the first machine delegate, and go away; a worker gives the result. */
  async function sentAndAway(given: object = {}): Promise<void> {
    const run = stage.runner().runner.start(aRequest(), new NotingObserver());
    await theOffer();
    await run.letGo?.();
    const serving = await stage.worker(async (at) => {
      await at.takes();
      await at.mail.putFile('harvest', noBytes());
      await at.gives({harvest: HARVEST, ...given});
    });
    while ((await offers('mine'))[0]?.standing.is !== 'returned') await soon();
    await serving.drain();
  }

  function machine(name = 'other', code: Partial<ClientCode> = {}) {
    const {link, queue} = stage.runner(name);
    const access = {queue, group: stage.group, owner: stage.owner};
    const collecting = new Collecting({
      ...{link, access, root: '/worktrees', receipts: new CollectReceipts(join(folder, name))},
      code: {
        depart: () => Promise.reject(new Error('nothing departs here')),
        departWhole: () => Promise.reject(new Error('nothing departs here')),
        readyHome: async () => ({checkout: '/clone', commonDir: '/clone/.git'}),
        bringHome: async (_, {branch}) => ({
          ...{branch, commit: HARVEST.commit, diffstat: '1 file changed', filesChanged: ['a.txt'], notes: []},
        }),
        keepStart: async () => {},
        commitOf: async () => undefined,
        ...code,
      },
      records: {
        keepConversation: async (_, entries) => {
          stage.kept = entries;
        },
        read: async ({project, id}) => records.get(`${project}/${id}`),
        create: async (record) => {
          const key = `${record.project}/${record.id}`;
          if (records.has(key)) return false;
          records.set(key, record);
          return true;
        },
      },
      client: {name: 'opencode-delegate', version: '1.0.0'},
      owner: {...thisProcess(), environment: 'e', sessions: 'pool:p'},
    });
    return {link, queue, collecting, access};
  }

  function offers(name = 'other'): Promise<readonly SentJob[]> {
    const {link, access} = machine(name);
    return sentJobsOf(link, access, (why) => expect.unreachable(why));
  }

  async function theOffer(name = 'other'): Promise<SentJob> {
    for (;;) {
      const [offer] = await offers(name);
      if (offer !== undefined) return offer;
      await soon();
    }
  }

  it('is shown to each machine of its owner, and to nobody else', async () => {
    await sentAndAway();
    expect(await offers('mine')).toMatchObject([{isOwn: true}]);
    const [{order, isOwn} = {order: undefined, isOwn: true}] = await offers();
    expect(order).toMatchObject({delegation: 'swift-amber-otter', prompt: 'Do it.', from: {host: 'mine'}});
    expect(isOwn).toBe(false);
    expect(await stage.pool.connect().jobs('somebody else')).toEqual([]);
  });

  it('becomes a record and a branch on another machine, and the first one says where that is', async () => {
    await sentAndAway();
    const record = await machine().collecting.collect(await theOffer(), PLACE);
    expect(record).toMatchObject({
      ...{id: 'swift-amber-otter', project: 'clone', directory: '/clone', text: 'Done.', prompt: 'Do it.'},
      state: {status: 'completed', work: {filesChanged: ['a.txt']}},
      where: {is: 'pool', worker: 'worker-1'},
      worktree: {branch: 'delegation/swift-amber-otter', outcome: {is: 'kept', commit: HARVEST.commit}},
    });
    expect([...records.values()]).toEqual([record]);
    expect(await offers()).toEqual([]);
    const back = stage.runner().runner.start(aRequest(), new NotingObserver());
    expect(await back.end).toMatchObject({
      outcome: 'interrupted',
      error: expect.stringMatching(
        /^Your machine other has collected it at .* It is swift-amber-otter in \/clone there: completed, with the branch delegation\/swift-amber-otter\. It did not run twice\.$/,
      ),
    });
  });

  it('is taken by one of two machines that try at once', async () => {
    await sentAndAway();
    const offer = await theOffer();
    const taken = await Promise.allSettled(
      ['other', 'third'].map((name) => machine(name).collecting.collect(offer, PLACE)),
    );
    expect(taken.map(({status}) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(records.size).toBe(1);
  });

  it('is left to the machine that delegated it where that is back and takes it', async () => {
    await sentAndAway();
    const offer = await theOffer();
    const run = stage.runner().runner.start(aRequest(), new NotingObserver());
    expect(await run.end).toMatchObject({outcome: 'completed'});
    await expect(machine().collecting.collect(offer, PLACE)).rejects.toThrow(
      'Your machine mine takes its end at this moment. Nothing was collected.',
    );
    expect(records.size).toBe(0);
  });

  it('waits, for the machine that delegated it, until the other one has done with it', async () => {
    await sentAndAway();
    const {link, queue} = stage.runner('other');
    const offer = await theOffer();
    expect(await takeEnd(offer.mail, queue, link.self)).toBeUndefined();
    const run = stage.runner().runner.start(aRequest(), new NotingObserver());
    while (run.trouble === undefined) await soon();
    expect(run.trouble).toBe('Your machine other takes its end at this moment.');
    await machine().collecting.collect(offer, PLACE);
    expect(await run.end).toMatchObject({
      outcome: 'interrupted',
      error: expect.stringContaining('other has'),
    });
  });

  it('may be taken by another machine where one was broken off ten minutes ago', async () => {
    await sentAndAway();
    const {mail} = await theOffer();
    const at = (now: number) => ({now: async () => now});
    expect(await takeEnd(mail, at(0), {by: 'a', host: 'A'})).toBeUndefined();
    expect(await takeEnd(mail, at(1), {by: 'b', host: 'B'})).toEqual({host: 'A', freeInMs: 599_999});
    expect(await takeEnd(mail, at(600_000), {by: 'b', host: 'B'})).toBeUndefined();
    expect(await takeEnd(mail, at(600_001), {by: 'a', host: 'A'})).toMatchObject({host: 'B'});
  });

  it('is collected once where that was broken off before the pool could forget it', async () => {
    await sentAndAway();
    const offer = await theOffer();
    const broken = machine();
    broken.queue.forget = () => Promise.reject(new Error('The machine has lost its power.'));
    await expect(broken.collecting.collect(offer, PLACE)).rejects.toThrow('lost its power');
    const record = await machine().collecting.collect(offer, PLACE);
    expect([...records.values()]).toEqual([record]);
    expect(await offers()).toEqual([]);
  });

  it('gets another id where that is taken here', async () => {
    await sentAndAway();
    const offer = await theOffer();
    const other = {prompt: 'Something else.'} as Delegation;
    records.set('clone/swift-amber-otter', other);
    const record = await machine().collecting.collect(offer, PLACE);
    expect(record.id).not.toBe('swift-amber-otter');
    expect(records.get('clone/swift-amber-otter')).toBe(other);
  });

  it('stays in the pool where its branch cannot be brought home', async () => {
    await sentAndAway();
    const code = {bringHome: () => Promise.reject(new Error('The disk is full.'))};
    await expect(machine('other', code).collecting.collect(await theOffer(), PLACE)).rejects.toThrow('full');
    expect(records.size).toBe(0);
    expect(await offers()).toHaveLength(1);
  });

  it('is not collected before it has ended, nor by the machine that has sent it', async () => {
    const run = stage.runner().runner.start(aRequest(), new NotingObserver());
    await expect(machine().collecting.collect(await theOffer(), PLACE)).rejects.toThrow(
      'swift-amber-otter has not begun. It waits for a worker, and for mine.',
    );
    await expect(machine('mine').collecting.collect(await theOffer('mine'), PLACE)).rejects.toThrow(
      'swift-amber-otter was delegated on this machine',
    );
    await run.letGo?.();
  });

  it('of a lost worker has what the last checkpoint had, and what came too late', async () => {
    const {runner, link} = stage.runner();
    const run = runner.start(aRequest(), new NotingObserver());
    await theOffer();
    await run.letGo?.();
    await stage.worker(async (at) => {
      await at.takes();
      await at.tell({
        ...{is: 'checkpoint', at: 1, file: 'checkpoint-1', harvest: HARVEST, product: aProduct('So far.')},
      });
      stage.pool.loseLease(link.jobOf({project: 'shop', id: 'swift-amber-otter'}));
      await at.tell({is: 'late', outcome: 'completed', product: aProduct('All of it.')});
    });
    while ((await offers())[0]?.standing.is !== 'lost') await soon();
    const record = await machine().collecting.collect(await theOffer(), PLACE);
    expect(record.state).toMatchObject({status: 'interrupted'});
    expect(record.text).toMatch(/^So far\.\n\n\(Came too late, as completed: .*\)\n\nAll of it\.$/);
  });
});
