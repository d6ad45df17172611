import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {bundleBytes} from '../../../src/pool/travel/bundle-file.ts';
import {belongsIn, keepStart, readyHome} from '../../../src/pool/travel/homeward.ts';
import type {PlannedTravel} from '../../../src/pool/travel/plan.ts';
import {Repository} from '../../support/repository.ts';
import {LIMIT, Travelling} from '../../support/travelling.ts';

let travelling: Travelling;
beforeEach(() => {
  travelling = new Travelling();
});
afterEach(() => travelling.close());

function ready(directory: string, {travel, bundle}: PlannedTravel): ReturnType<typeof readyHome> {
  return readyHome(travelling.git, {
    ...{directory, travel, limitBytes: LIMIT, spool: join(travelling.base, 'homeward')},
    bundle: () => bundleBytes(bundle?.path ?? 'there is none'),
  });
}

describe('what was not committed', () => {
  it('can be gone on with afterwards, and nothing else changes', async () => {
    const {shop} = travelling.cloned();
    shop.write({'b.txt': 'b\n'});
    const {travel, bundle} = await travelling.plan(shop.path, {includesChanges: true});
    const {commit} = travel;
    const known = () => shop.git('cat-file', '--batch-all-objects', '--batch-check=%(objectname)');
    expect(known()).not.toContain(commit);
    const [refs, status] = [shop.git('for-each-ref'), shop.git('status', '--porcelain')];
    const path = bundle?.path ?? '';
    await keepStart(travelling.git, shop.path, {travel, path, limitBytes: LIMIT});
    // The bundle is not needed any more.
    rmSync(path);
    await keepStart(travelling.git, shop.path, {travel, path, limitBytes: LIMIT});
    expect(shop.git('show', `${commit}:b.txt`)).toBe('b');
    expect([shop.git('for-each-ref'), shop.git('status', '--porcelain')]).toEqual([refs, status]);
    const next = await travelling.plan(shop.path, {commit});
    const {checkout} = await travelling.place(next);
    expect(new Repository(checkout, travelling.base).git('show', 'HEAD:b.txt')).toBe('b');
  });
});

describe('another checkout than the one that work was sent from', () => {
  it('is told from those of other repositories by its remote, or by its first commit', async () => {
    const {shop, origin} = travelling.cloned();
    const {travel} = await travelling.plan(shop.path);
    const second = travelling.clone(origin, join(travelling.base, 'second/shop'));
    expect(await belongsIn(travelling.git, second.path, travel)).toBe(true);
    const fork = Repository.create(join(travelling.base, 'server/fork'), {home: travelling.base, files: {}});
    fork.git('pull', '--quiet', `file://${origin.path}`, 'main');
    const ofFork = travelling.clone(fork, join(travelling.base, 'second/fork'));
    expect(await belongsIn(travelling.git, ofFork.path, travel)).toBe(false);
    expect(await belongsIn(travelling.git, travelling.base, travel)).toBeUndefined();
    const alone = await travelling.plan(origin.path);
    expect(alone.travel.repository).toMatch(/^root:/);
    expect(await belongsIn(travelling.git, second.path, alone.travel)).toBe(true);
  });

  it('needs nothing where it has what the work started from', async () => {
    const {shop, origin} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const second = travelling.clone(origin, join(travelling.base, 'second/shop'));
    expect(await ready(join(second.path), planned)).toEqual({
      checkout: second.path,
      commonDir: join(second.path, '.git'),
    });
  });

  it('is told to fetch what a remote has', async () => {
    const {shop, origin} = travelling.cloned();
    const second = travelling.clone(origin, join(travelling.base, 'second/shop'));
    shop.write({'b.txt': 'b\n'});
    shop.commit('second');
    shop.git('push', '--quiet', 'origin', 'HEAD:other');
    const planned = await travelling.plan(shop.path);
    expect(planned.travel.way).toBe('remote');
    await expect(ready(second.path, planned)).rejects.toThrow(
      /Nothing was collected\. `git fetch` gets it\.$/,
    );
    second.git('fetch', '--quiet');
    expect(await ready(second.path, planned)).toMatchObject({checkout: second.path});
  });

  it('gets what is in no remote from what has travelled, and no ref of it', async () => {
    const {shop, origin} = travelling.cloned();
    const second = travelling.clone(origin, join(travelling.base, 'second/shop'));
    shop.write({'b.txt': 'b\n'});
    const head = shop.commit('second');
    shop.write({'c.txt': 'c\n'});
    const planned = await travelling.plan(shop.path, {includesChanges: true});
    const refs = second.git('for-each-ref');
    await ready(second.path, planned);
    expect(second.git('cat-file', '-t', head)).toBe('commit');
    expect(second.git('show', `${planned.travel.commit}:c.txt`)).toBe('c');
    expect(second.git('for-each-ref')).toBe(refs);
  });

  it('of another repository takes nothing', async () => {
    const {shop} = travelling.cloned();
    const {shop: other} = travelling.cloned('other');
    await expect(ready(other.path, await travelling.plan(shop.path))).rejects.toThrow(
      /is no checkout of .*shop.*Nothing was collected/,
    );
  });
});
