import {existsSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {GitWorktrees} from '../../../src/git/git-worktrees.ts';
import {packCheckpoint, packWork} from '../../../src/pool/travel/back.ts';
import {CannotFetch} from '../../../src/pool/travel/fetched.ts';
import {importWork} from '../../../src/pool/travel/imported.ts';
import {packWhole} from '../../../src/pool/travel/whole.ts';
import {Repository} from '../../support/repository.ts';
import {bytesOf, LIMIT, Travelling} from '../../support/travelling.ts';
import {NEVER} from '../../support/worktree-work.ts';

const OF = {project: 'shop', id: 'swift-amber-otter'};
const BRANCH = 'delegation/calm-blue-fox';

let travelling: Travelling;
beforeEach(() => {
  travelling = new Travelling();
});
afterEach(() => travelling.close());

describe('code that travels', () => {
  it('from a remote is worked on in a worktree at the worker, and comes back as a branch', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    expect(planned.travel).toMatchObject({way: 'remote', from: {refs: ['refs/heads/main']}});
    const {checkout} = await travelling.place(planned);
    expect(readFileSync(join(checkout, 'a.txt'), 'utf8')).toBe('a\n');

    const worktrees = new GitWorktrees({root: join(travelling.base, 'worktrees'), env: travelling.env});
    const worktree = await worktrees.open(worktrees.place(await worktrees.plan(checkout), OF), NEVER);
    new Repository(worktree.path, travelling.base).write({'b.txt': 'b\n'});
    const {travel} = planned;
    const options = {
      since: travel.head,
      branch: BRANCH,
      spool: join(travelling.base, 'back'),
      limitBytes: LIMIT,
    };

    const checkpoint = await packCheckpoint(travelling.git, worktree, options);
    expect(checkpoint?.bundle.bytes).toBeGreaterThan(100);
    expect(new Repository(worktree.path, travelling.base).git('status', '--porcelain')).toBe('?? b.txt');

    const settled = await worktrees.settle(worktree, {id: OF.id, title: 'Add b', files: []});
    const outcome = settled.worktree.outcome;
    if (outcome?.is !== 'kept' || outcome.commit === undefined) throw new Error('it was not kept');
    const packed = await packWork(travelling.git, worktree, outcome.commit, options);
    const imported = await importWork(travelling.git, shop.path, {
      ...{path: packed.bundle.path, branch: BRANCH, base: travel.commit, limitBytes: LIMIT},
    });
    expect(imported).toMatchObject({
      branch: BRANCH,
      commit: outcome.commit,
      filesChanged: ['b.txt'],
      notes: [],
    });
    expect(shop.git('show', `${BRANCH}:b.txt`)).toBe('b');
    expect(shop.git('status', '--porcelain')).toBe('');

    await travelling.cache().remove('job-1');
    expect(existsSync(checkout)).toBe(false);
  });

  it('with changes that nobody has committed does so in a bundle, and leaves the checkout as it is', async () => {
    const {shop} = travelling.cloned('shop', {'a.txt': 'a\n', 'gone.txt': 'x\n'});
    shop.write({'a.txt': 'changed\n', 'new/b.txt': 'b\n'});
    shop.git('rm', '--quiet', 'gone.txt');
    const before = bytesOf(shop.path);
    const planned = await travelling.plan(shop.path, {includesChanges: true});
    expect(bytesOf(shop.path)).toEqual(before);
    expect(planned.travel).toMatchObject({way: 'bundle', head: shop.git('rev-parse', 'HEAD')});
    const {checkout} = await travelling.place(planned);
    expect(readFileSync(join(checkout, 'a.txt'), 'utf8')).toBe('changed\n');
    expect(readFileSync(join(checkout, 'new/b.txt'), 'utf8')).toBe('b\n');
    expect(existsSync(join(checkout, 'gone.txt'))).toBe(false);
  });

  it('from a remote that the worker cannot read is asked for in a bundle', async () => {
    const {shop, origin} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    rmSync(origin.path, {recursive: true});
    await expect(travelling.place(planned)).rejects.toThrow(CannotFetch);
    expect(await travelling.cache().jobs()).toEqual([]);

    const whole = await travelling.plan(shop.path, {workersFetch: 'nothing'});
    expect(whole.travel).toMatchObject({way: 'bundle'});
    const {checkout} = await travelling.place(whole);
    expect(readFileSync(join(checkout, 'a.txt'), 'utf8')).toBe('a\n');
  });

  it('is packed whole afterwards, with what nobody has committed, and the checkout stays as it is', async () => {
    const {shop, origin} = travelling.cloned();
    shop.write({'b.txt': 'b\n'});
    const planned = await travelling.plan(shop.path, {includesChanges: true});
    expect(planned.travel).toMatchObject({way: 'bundle', since: expect.anything()});
    rmSync(origin.path, {recursive: true});
    await expect(travelling.place(planned)).rejects.toThrow(CannotFetch);
    shop.write({'b.txt': 'changed since\n'});
    const before = bytesOf(shop.path);
    const {travel, bundle} = await packWhole(travelling.git, {
      ...{directory: shop.path, travel: planned.travel, luggage: planned.bundle?.path},
      ...{spool: join(travelling.base, 'whole'), limitBytes: LIMIT},
    });
    expect(bytesOf(shop.path)).toEqual(before);
    expect(travel).toMatchObject({commit: planned.travel.commit, head: planned.travel.head});
    const {checkout} = await travelling.place({...planned, travel, bundle});
    expect(readFileSync(join(checkout, 'b.txt'), 'utf8')).toBe('b\n');
  });
});
