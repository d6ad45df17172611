import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {LETTERS_VERSION, type WorkOrder} from '../../src/pool/mail/letters.ts';
import {CannotFetch} from '../../src/pool/travel/fetched.ts';
import type {Travel} from '../../src/pool/travel/travel.ts';
import {type ArrivingOptions, arriving} from '../../src/pool/worker/arriving.ts';
import {createGate} from '../support/gate.ts';
import {
  aRequest,
  NotingObserver,
  type PlayedWorker,
  PoolClientStage,
  TRAVEL,
} from '../support/pool-client.ts';

const {repository, format, head, commit, prefix} = TRAVEL;
const WHOLE: Travel = {
  ...{repository, format, head, commit, prefix, way: 'bundle', bytes: 6, sha256: '3'.repeat(64)},
};
const WHY = 'The worker cannot fetch 111111111111 from example.org/shop: permission denied.';
const ARRIVAL = {checkout: '/jobs/shop', directory: '/jobs/shop'};

describe('code that a worker cannot fetch', () => {
  let stage: PoolClientStage;
  let folder: string;
  let packed: number;

  beforeEach(() => {
    stage = new PoolClientStage();
    folder = mkdtempSync(join(tmpdir(), 'opencode-delegate-whole-'));
    packed = 0;
  });
  afterEach(() => {
    stage.close();
    rmSync(folder, {recursive: true, force: true});
  });

  async function departWhole(): Promise<{travel: Travel; luggage: string}> {
    packed += 1;
    const luggage = join(folder, `${packed}.bundle`);
    writeFileSync(luggage, 'bundle');
    return {travel: WHOLE, luggage};
  }

  /** What a worker makes of it that can use nothing but a whole bundle. */
  function arrives({lease, mail}: PlayedWorker, more: Partial<ArrivingOptions> = {}) {
    return arriving({
      ...{job: lease.job.id, mail, signal: lease.signal, order: {travel: TRAVEL} as WorkOrder},
      code: {
        arrive: async (_, travel, {luggage}) => {
          if (travel.way === 'remote') throw new CannotFetch(WHY);
          for await (const chunk of luggage()) expect(Buffer.from(chunk).toString()).toBe('bundle');
          return ARRIVAL;
        },
      },
      ...more,
    });
  }

  it('is sent whole by its owner, and the result says so', async () => {
    const run = stage.runner('mine', {departWhole}).runner.start(aRequest(), new NotingObserver());
    await stage.worker(async (at) => {
      const {arrival, notes} = await arrives(at);
      expect(arrival).toBe(ARRIVAL);
      await at.gives({notes: [...notes]});
    });
    expect(await run.end).toMatchObject({outcome: 'completed'});
    const {notes = []} = await resultOf(stage);
    expect(notes).toEqual([`${WHY} So all of it was sent in a bundle of 6 bytes.`]);
    expect(packed).toBe(1);
  });

  it('is sent once, whichever host of the machine hears of it, and to each worker that has the job', async () => {
    const first = stage.runner('mine', {departWhole}).runner.start(aRequest(), new NotingObserver());
    let tries = 0;
    const away = createGate();
    await stage.worker(async (at) => {
      tries += 1;
      await arrives(at);
      if (tries === 1) return at.lease.handBack();
      await first.letGo?.();
      away.open();
      await at.gives({});
    });
    await away.opened;
    const second = stage.runner('mine', {departWhole}).runner.start(aRequest(), new NotingObserver());
    expect(await second.end).toMatchObject({outcome: 'completed'});
    expect({tries, packed}).toEqual({tries: 2, packed: 1});
  });

  it('is refused in words where it is too large', async () => {
    const run = stage.runner().runner.start(aRequest(), new NotingObserver());
    await stage.worker(async (at) => {
      const error = await arrives(at).then(
        () => 'It has come.',
        ({message}: Error) => message,
      );
      await at.gives({outcome: 'error', error});
    });
    expect(await run.end).toMatchObject({
      outcome: 'error',
      error: `${WHY} It cannot be sent whole. The code cannot travel to a worker: it is too large.`,
    });
  });

  it('is waited for no longer than its owner may take', async () => {
    const run = stage.runner().runner.start(aRequest(), new NotingObserver());
    await stage.worker(async (at) => {
      await run.letGo?.();
      await expect(arrives(at, {ownerMs: 20})).rejects.toThrow(/has not answered in .* Nothing was begun\./);
      await at.gives({});
    });
    expect((await resultOf(stage)).outcome).toBe('completed');
  });

  it('is refused where it is other code than the job is for', async () => {
    const run = stage.runner().runner.start(aRequest(), new NotingObserver());
    const {link} = stage.runner();
    await stage.worker(async (at) => {
      const mail = await link.mailOf(at.lease.job.id);
      const travel = {...WHOLE, commit: '4'.repeat(40)};
      await mail.toWorker({v: LETTERS_VERSION, is: 'whole', travel});
      await expect(arrives(at)).rejects.toThrow('Its owner has sent other code than the job is for.');
      await at.gives({});
    });
    await run.end;
  });
});

/** The result as it is in the pool. */
async function resultOf(stage: PoolClientStage) {
  const {link, queue} = stage.runner();
  const job = link.jobOf({project: 'shop', id: 'swift-amber-otter'});
  const mail = await link.mailOf(job);
  for (;;) {
    const standing = await queue.standing(job);
    if (standing.is === 'returned') return mail.openedResult(standing.result);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
