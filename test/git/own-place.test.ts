import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import type {Worktree} from '../../src/delegation/model/worktree.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';

let base: string;
let root: string;
let repository: Repository;
let worktrees: GitWorktrees;
let place: Worktree;

beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-place-')));
  root = join(base, 'worktrees');
  repository = Repository.create(join(base, 'my shop'), {home: base});
  worktrees = new GitWorktrees({root, env: gitEnvironment(base)});
  place = worktrees.place(await worktrees.plan(repository.path), OF);
});

afterEach(() => rmSync(base, {recursive: true, force: true}));

/** A folder of the person's, as records could name one. */
function precious(name: string): string {
  const path = join(base, ...name.split('/'));
  mkdirSync(path, {recursive: true});
  writeFileSync(join(path, 'thesis.txt'), 'All of it.');
  return path;
}

it.each([
  ['a folder of the person', 'home'],
  ['a folder beside ours', 'worktrees-old/shop/swift-amber-otter'],
  ['the folder of a project', 'worktrees/shop'],
  ['a folder too deep', 'worktrees/shop/swift-amber-otter/below-our-folder'],
  ['a folder that no delegation has', 'worktrees/shop/mine'],
])('%s that a record calls a worktree is neither made, removed nor committed', async (_, name) => {
  const path = precious(name);
  const outcome = {is: 'removed'} as const;
  const worktree = {...place, path, directory: path};
  const settled = await worktrees.settle(worktree, WORK);
  expect(settled.worktree.outcome).toMatchObject({
    is: 'kept',
    notes: [`${path} is not where worktrees are made, so nothing is done there.`],
  });
  await expect(worktrees.open(worktree, NEVER)).rejects.toThrow('not where worktrees are made');
  await expect(worktrees.reopen({...worktree, outcome})).rejects.toThrow('Delegate it again');
  expect(readdirSync(path)).toEqual(['thesis.txt']);
});

it('a path that climbs out of our folder is not ours', async () => {
  const path = precious('home');
  const climbing = `${root}/shop/swift-amber-otter/../../../home`;
  for (const worktree of [
    {...place, path: climbing},
    {...place, directory: `${place.path}/../../../home/new`},
  ]) {
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome?.is).toBe('kept');
    await expect(worktrees.open(worktree, NEVER)).rejects.toThrow('not where worktrees are made');
  }
  expect(readdirSync(path)).toEqual(['thesis.txt']);
});

it('the same folder under another name is ours', async () => {
  const worktree = await worktrees.open(place, NEVER);
  symlinkSync(base, join(base, 'link'));
  const linked = new GitWorktrees({root: join(base, 'link', 'worktrees'), env: gitEnvironment(base)});
  expect((await linked.settle(worktree, WORK)).worktree.outcome).toEqual({is: 'removed'});
  expect(existsSync(worktree.path)).toBe(false);
});

it('what a crash has left is looked for under the names that we give', async () => {
  precious('worktrees/shop/mine');
  await worktrees.open(place, NEVER);
  expect(await worktrees.leftovers()).toEqual([OF]);
});
