import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setImmediate as soon} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import {createGate} from '../support/gate.ts';
import {
  aProduct,
  aRequest,
  NotingObserver,
  type PlayedWorker,
  PoolClientStage,
  TRAVEL,
} from '../support/pool-client.ts';

const LOST = {
  ...{project: 'shop', delegationId: 'swift-amber-otter', directory: '/x', sessionId: undefined},
  ...{isContinued: false, cause: 'It is gone.'},
};

describe('a run in the pool', () => {
  let stage: PoolClientStage;
  let observer: NotingObserver;

  beforeEach(() => {
    stage = new PoolClientStage();
    observer = new NotingObserver();
  });
  afterEach(() => stage.close());

  /** A worker that has taken the job, and does nothing more by itself. */
  async function taken(): Promise<{at: PlayedWorker; over: () => void}> {
    const begun = deferred<PlayedWorker>();
    const over = deferred<void>();
    await stage.worker(async (at) => {
      await at.takes();
      begun.resolve(at);
      await over.promise;
    });
    return {at: await begun.promise, over: () => over.resolve()};
  }

  it('tells who has begun it, what is done, and how it ends', async () => {
    const run = stage.runner().runner.start(aRequest(), observer);
    await stage.worker(async (at) => {
      await at.takes();
      await at.tell({is: 'session', id: 'ses_1'});
      await at.tell({is: 'activity', activity: {toolCalls: 1, last: 'read a.txt', at: 1}});
      await at.tell({is: 'heard', numbers: [1]});
      await at.gives({});
    });
    expect(await run.end).toEqual({outcome: 'completed', product: aProduct('Done.')});
    expect(observer.told).toEqual(['taken worker-1', 'session ses_1', 'activity read a.txt', 'heard 1']);
  });

  it('keeps what its agent has said, also where its host was gone at the end', async () => {
    const conversation = [{key: '1', at: 1, isBelow: false, said: {kind: 'text' as const, text: 'Working.'}}];
    const run = stage.runner().runner.start(aRequest(), observer);
    await stage.worker((at) => at.gives({conversation}));
    await run.end;
    expect(stage.kept).toEqual(conversation);
    stage.kept = [];
    await stage.runner().runner.postMortem(LOST);
    expect(stage.kept).toEqual(conversation);
  });

  it('that is stopped while its code is packed leaves nothing of it behind', async () => {
    const [packing, packed] = [createGate(), createGate()];
    const luggage = join(stage.folder, 'one.bundle');
    const {runner} = stage.runner('mine', {
      depart: async () => {
        await packing.opened;
        writeFileSync(luggage, 'a bundle');
        packed.open();
        return {travel: TRAVEL, luggage, checkout: '/shop', commonDir: '/shop/.git', notes: []};
      },
    });
    const run = runner.start(aRequest(), observer);
    await run.stop();
    await soon();
    packing.open();
    await packed.opened;
    while (existsSync(luggage)) await soon();
    expect(await stage.ledger.all()).toEqual([]);
  });

  it('that two hosts start is one job, and both have its end', async () => {
    let jobs = 0;
    const first = stage.runner().runner.start(aRequest(), observer);
    await soon();
    await first.letGo?.();
    const second = stage.runner().runner.start(aRequest(), observer);
    await stage.worker(async (at) => {
      jobs += 1;
      await at.gives({});
    });
    expect(await second.end).toMatchObject({outcome: 'completed'});
    expect(jobs).toBe(1);
  });

  it('whose host is gone is started again, and never taken for one that has not run', async () => {
    const {runner} = stage.runner();
    expect(await runner.postMortem(LOST)).toMatchObject({outcome: 'nothing sent'});
    const run = runner.start(aRequest(), observer);
    const {at, over} = await taken();
    expect(await stage.runner().runner.postMortem(LOST)).toMatchObject({outcome: 'nothing sent'});
    await at.gives({product: aProduct('Here.')});
    over();
    await run.end;
    expect(await stage.runner().runner.postMortem(LOST)).toMatchObject({
      outcome: 'completed',
      product: {text: 'Here.'},
    });
  });

  it('takes answers and messages to the agent, and hears that they have come', async () => {
    const run = stage.runner().runner.start(aRequest(), observer);
    const {at, over} = await taken();
    await at.listen((letter) => {
      if (letter.is === 'reply') void at.tell({is: 'done', call: letter.call});
      if (letter.is === 'tell') void at.tell({is: 'done', call: letter.call, delivery: 'step'});
    });
    await at.tell({is: 'asked', id: '1', content: {kind: 'permission', what: 'bash', detail: 'ls'}});
    await run.reply('1', {allow: true, answers: []});
    expect(await run.tell({number: 1, text: 'Also this.'})).toBe('step');
    expect(observer.told).toContain('asked 1');
    expect(at.heard).toMatchObject([
      {is: 'reply', ask: '1'},
      {is: 'tell', message: {text: 'Also this.'}},
    ]);
    over();
  });

  it('that waits gets what it is told with its beginning', async () => {
    const run = stage.runner().runner.start(aRequest(), observer);
    await soon();
    expect(await run.tell({number: 1, text: 'Also this.'})).toBe('beginning');
    await run.letGo?.();
  });

  it('that nobody has begun is taken back when it is stopped', async () => {
    const {runner, link} = stage.runner();
    const run = runner.start(aRequest(), observer);
    await soon();
    await run.stop();
    const {queue} = await link.access();
    expect(await queue.standing(link.jobOf({project: 'shop', id: 'swift-amber-otter'}))).toEqual({
      is: 'unknown',
    });
  });

  it('that is stopped while it runs has what its worker gives back', async () => {
    const run = stage.runner().runner.start(aRequest(), observer);
    const {at, over} = await taken();
    await at.listen((letter) => {
      if (letter.is !== 'cancel') return;
      void at.gives({outcome: 'cancelled', error: 'Cancelled.', product: aProduct('Half.')}).then(over);
    });
    expect(await run.halt()).toMatchObject({isAnswered: false, product: {text: 'Half.'}});
  });

  it('whose worker is lost is interrupted, with the text of its last checkpoint', async () => {
    const {runner, link} = stage.runner();
    const run = runner.start(aRequest(), observer);
    const {at, over} = await taken();
    await at.tell({
      ...{is: 'checkpoint', at: 1, file: 'checkpoint-1', product: aProduct('So far.')},
      harvest: {commit: '2'.repeat(40), bytes: 1, sha256: '3'.repeat(64)},
    });
    stage.pool.loseLease(link.jobOf({project: 'shop', id: 'swift-amber-otter'}));
    expect(await run.end).toMatchObject({outcome: 'interrupted', product: {text: 'So far.'}});
    expect(await stage.runner().runner.postMortem(LOST)).toMatchObject({
      outcome: 'interrupted',
      product: {text: 'So far.'},
    });
    over();
  });

  it('refuses a result that another group has sealed', async () => {
    const run = stage.runner().runner.start(aRequest(), observer);
    await stage.worker((at) => at.lease.giveResult(Buffer.from('forged, and long enough to be something')));
    expect(await run.end).toMatchObject({
      outcome: 'interrupted',
      error: expect.stringContaining('its result cannot be read'),
    });
  });

  it('waits for a pool that is away, says so, and goes on when it is back', async () => {
    const {runner, queue} = stage.runner();
    queue.cut();
    const run = runner.start(aRequest(), observer);
    while (run.trouble === undefined) await soon();
    expect(run.trouble).toMatch(/^The pool cannot be used at the moment: /);
    queue.rejoin();
    await stage.worker((at) => at.gives({}));
    expect(await run.end).toMatchObject({outcome: 'completed'});
  });
});
