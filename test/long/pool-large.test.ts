import {randomBytes} from 'node:crypto';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {Repository} from '../support/repository.ts';
import {Travelling} from '../support/travelling.ts';

const MEGABYTES = 1_000;
const LIMIT = 64_000_000;
const LONG = {timeout: 900_000};

/** It takes five gigabytes of disk and minutes: TEST_LARGE=1 has it run. */
describe.skipIf(process.env.TEST_LARGE !== '1')('a repository of a gigabyte', () => {
  const travelling = new Travelling();
  let origin: Repository;
  let shop: Repository;

  beforeAll(() => {
    origin = Repository.create(join(travelling.base, 'server', 'shop'), {home: travelling.base});
    for (let n = 0; n < MEGABYTES; n++) {
      const folder = join(origin.path, `d${n % 50}`);
      mkdirSync(folder, {recursive: true});
      writeFileSync(join(folder, `f${n}`), randomBytes(1_000_000));
    }
    origin.git('config', 'core.looseCompression', '0');
    origin.commit('large');
    origin.git('repack', '-adq');
    shop = travelling.clone(origin, join(travelling.base, 'client', 'shop'));
  }, LONG.timeout);
  afterAll(() => travelling.close());

  it('is fetched once from its remote, and the next job borrows it', LONG, async () => {
    const planned = await travelling.plan(shop.path, {limitBytes: LIMIT});
    expect(planned.travel.way).toBe('remote');
    await travelling.place(planned);
    const began = performance.now();
    const second = await travelling.place(planned, {job: 'job-2'});
    const borrowed = performance.now() - began;
    const work = new Repository(second.checkout, travelling.base);
    expect(work.git('rev-parse', 'HEAD')).toBe(shop.git('rev-parse', 'HEAD'));
    expect(work.git('status', '--porcelain')).toBe('');
    expect(work.git('count-objects')).toMatch(/^0 objects/);
    process.stderr.write(`a checkout of a gigabyte that is borrowed: ${Math.round(borrowed)} ms\n`);
  });

  it('travels with what is not committed in a bundle of that alone', LONG, async () => {
    writeFileSync(join(shop.path, 'd0', 'new'), 'new\n');
    const planned = await travelling.plan(shop.path, {limitBytes: LIMIT, includesChanges: true});
    expect(planned.travel.way).toBe('bundle');
    expect(planned.bundle?.bytes).toBeLessThan(10_000);
    const placed = await travelling.place(planned, {job: 'job-3'});
    expect(new Repository(placed.checkout, travelling.base).git('show', 'HEAD:d0/new')).toBe('new');
  });

  it(
    'is refused where all of it would have to travel, with the number and what makes it so large',
    LONG,
    async () => {
      const whole = {limitBytes: LIMIT, workersFetch: 'nothing'} as const;
      await expect(travelling.plan(shop.path, whole)).rejects.toThrow(
        /more than the 64\.0 MB that may be sent: about 1\.0\d? GB in 2 commits\. The largest files: /,
      );
    },
  );
});
