import {mkdirSync, readdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Worktree} from '../../../src/delegation/model/worktree.ts';
import {GitWorktrees} from '../../../src/git/git-worktrees.ts';
import {packCheckpoint, packWork} from '../../../src/pool/travel/back.ts';
import {type ImportedWork, importWork} from '../../../src/pool/travel/imported.ts';
import type {PlannedTravel} from '../../../src/pool/travel/plan.ts';
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

/** The worktree that an agent works in at the worker, of code that has travelled there. */
async function working(planned: PlannedTravel): Promise<{worktree: Worktree; work: Repository}> {
  const {checkout} = await travelling.place(planned);
  const worktrees = new GitWorktrees({root: join(travelling.base, 'worktrees'), env: travelling.env});
  const worktree = await worktrees.open(worktrees.place(await worktrees.plan(checkout), OF), NEVER);
  const work = new Repository(worktree.path, travelling.base);
  work.git('config', 'user.name', 'Agent');
  work.git('config', 'user.email', 'agent@example.org');
  return {worktree, work};
}

function optionsOf({travel}: PlannedTravel, limitBytes = LIMIT): Parameters<typeof packWork>[3] {
  return {since: travel.head, branch: BRANCH, spool: join(travelling.base, 'back'), limitBytes};
}

function bring(checkout: string, {travel}: PlannedTravel): Promise<ImportedWork> {
  const path = join(travelling.base, 'back');
  return importWork(travelling.git, checkout, {path, branch: BRANCH, base: travel.commit, limitBytes: LIMIT});
}

describe('a checkpoint', () => {
  it('has what is committed and what is not, and changes nothing where the agent works', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const {worktree, work} = await working(planned);
    work.write({'b.txt': 'b\n'});
    work.commit('half');
    work.write({'a.txt': 'staged\n'});
    work.git('add', 'a.txt');
    work.write({'a.txt': 'unstaged\n', 'c.txt': 'c\n'});
    const [before, repository] = [bytesOf(worktree.path), bytesOf(join(worktree.checkout, '.git'))];
    const checkpoint = await packCheckpoint(travelling.git, worktree, optionsOf(planned));
    expect(bytesOf(worktree.path)).toEqual(before);
    expect(bytesOf(join(worktree.checkout, '.git'))).toEqual(repository);
    const imported = await bring(shop.path, planned);
    expect(imported).toMatchObject({commit: checkpoint?.commit, filesChanged: ['a.txt', 'b.txt', 'c.txt']});
    expect(shop.git('show', `${BRANCH}:a.txt`)).toBe('unstaged');
    expect(shop.git('log', '--format=%s', `${BRANCH}~1`)).toBe('half\nfirst');
  });

  it('leaves what another process copies of the same worktree, which settles it', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const {worktree, work} = await working(planned);
    work.write({'b.txt': 'b\n'});
    const copy = join(travelling.base, '.worktrees', OF.project, `${OF.id}.changes`);
    mkdirSync(copy, {recursive: true});
    writeFileSync(join(copy, 'b.txt'), 'b\n');
    expect(await packCheckpoint(travelling.git, worktree, optionsOf(planned))).toBeDefined();
    expect(readdirSync(copy)).toEqual(['b.txt']);
  });

  it('is none where nothing was done yet, or nothing is there', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const {worktree} = await working(planned);
    expect(await packCheckpoint(travelling.git, worktree, optionsOf(planned))).toBeUndefined();
    await travelling.cache().remove('job-1');
    const gone = {...worktree, path: join(travelling.base, 'worktrees/shop/calm-gray-cat')};
    expect(await packCheckpoint(travelling.git, gone, optionsOf(planned))).toBeUndefined();
  });

  it('has no file of another folder in it, though its agent has put a link there', async () => {
    const {shop} = travelling.cloned('shop', {'dir/a.txt': 'a\n'});
    const planned = await travelling.plan(shop.path);
    const {worktree, work} = await working(planned);
    writeFileSync(join(travelling.base, 'a.txt'), 'secret of the worker\n');
    work.git('mv', 'dir', 'other');
    symlinkSync(travelling.base, join(worktree.path, 'dir'));
    await packCheckpoint(travelling.git, worktree, optionsOf(planned));
    const {notes} = await bring(shop.path, planned);
    expect(notes).toEqual([
      'Links that lead out of the repository: "dir". Look at them before you use them.',
    ]);
    expect(shop.git('ls-tree', '-r', '--name-only', BRANCH)).toBe('dir\nother/a.txt');
  });
});

describe('work that goes home', () => {
  it('goes on from changes that nobody had committed, and brings these along', async () => {
    const {shop} = travelling.cloned();
    shop.write({'a.txt': 'mine\n'});
    const planned = await travelling.plan(shop.path, {includesChanges: true});
    const {worktree, work} = await working(planned);
    work.write({'b.txt': 'b\n'});
    await packWork(travelling.git, worktree, work.commit('work'), optionsOf(planned));
    const imported = await bring(shop.path, planned);
    expect(imported).toMatchObject({filesChanged: ['b.txt'], diffstat: '1 file changed, 1 insertion(+)'});
    expect(shop.git('rev-parse', `${BRANCH}~1`)).toBe(planned.travel.commit);
    expect(shop.git('status', '--porcelain')).toBe(' M a.txt');
  });

  it('comes into a shallow clone, and into the repository of a linked worktree', async () => {
    const {origin} = travelling.cloned();
    origin.write({'b.txt': 'b\n'});
    origin.commit('second');
    const shallow = travelling.clone(origin, join(travelling.base, 'client/shallow'), '--depth=1');
    const linked = join(travelling.base, 'client/linked');
    shallow.git('worktree', 'add', '--quiet', '-b', 'linked', linked);
    const planned = await travelling.plan(linked);
    const {worktree, work} = await working(planned);
    work.write({'c.txt': 'c\n'});
    const commit = work.commit('work');
    await packWork(travelling.git, worktree, commit, optionsOf(planned));
    expect(await bring(linked, planned)).toMatchObject({commit, filesChanged: ['c.txt']});
    expect(shallow.git('rev-parse', BRANCH)).toBe(commit);
    expect(shallow.git('log', '--format=%s', BRANCH)).toBe('work\nsecond');
  });

  it('stays where it is larger than may be sent, and says where', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const {worktree, work} = await working(planned);
    work.write({'b.txt': 'b\n'});
    const commit = work.commit('work');
    await expect(packWork(travelling.git, worktree, commit, optionsOf(planned, 100))).rejects.toThrow(
      `larger than the 100 bytes that may be sent. It stays with the worker, on the branch ${BRANCH}`,
    );
  });

  it('without a change comes home as a branch at its base', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const {worktree} = await working(planned);
    await packWork(travelling.git, worktree, planned.travel.commit, optionsOf(planned));
    expect(await bring(shop.path, planned)).toMatchObject({commit: planned.travel.commit, diffstat: ''});
  });
});
