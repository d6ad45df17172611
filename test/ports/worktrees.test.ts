import {mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {Refusal} from '../../src/base/errors.ts';
import {WORKTREE_BRANCH, type Worktree, type Worktrees} from '../../src/delegation/model/worktree.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {FakeWorktrees} from '../support/fakes.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';

/** Worktrees under test. */
interface Made {
  readonly worktrees: Worktrees;
  /** Where one can be made from. */
  readonly directory: string;
  /** What an agent does in one. */
  readonly work: (worktree: Worktree) => void;
  /** From now on, none can be made from there. */
  readonly spoil: () => void;
}

function git(): Made {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-port-')));
  onTestFinished(() => rmSync(base, {recursive: true, force: true}));
  const {path: directory} = Repository.create(join(base, 'my shop'), {home: base});
  return {
    worktrees: new GitWorktrees({root: join(base, 'worktrees'), env: gitEnvironment(base)}),
    directory,
    work: (worktree) => writeFileSync(join(worktree.directory, 'new.txt'), 'new\n'),
    spoil: () => rmSync(join(directory, '.git'), {recursive: true}),
  };
}

function fake(): Made {
  const worktrees = new FakeWorktrees();
  return {
    worktrees,
    directory: '/somewhere',
    work: () => {
      worktrees.outcome = {is: 'kept', diffstat: '1 file changed', notes: []};
      worktrees.filesChanged = ['new.txt'];
    },
    spoil: () => {
      worktrees.refusal = new Refusal('There is no repository.');
    },
  };
}

/** What the domain relies on, whoever makes the worktrees. */
describe.each([
  ['of git', git],
  ['of nothing', fake],
])('worktrees %s', (_, make) => {
  let made: Made;

  beforeEach(() => {
    made = make();
  });

  const placed = async () => made.worktrees.place(await made.worktrees.plan(made.directory), OF);

  it('have a place of their own before they are made, on a branch that names the delegation', async () => {
    const worktree = await placed();
    expect(worktree.checkout).toBe(made.directory);
    expect(worktree.path).not.toBe(made.directory);
    expect(worktree.path.endsWith(OF.id)).toBe(true);
    expect(worktree.branch).toMatch(WORKTREE_BRANCH);
    expect(worktree.outcome).toBeUndefined();
  });

  it('are made where they were placed', async () => {
    const worktree = await placed();
    expect(await made.worktrees.open(worktree, NEVER)).toMatchObject(worktree);
  });

  it('are not made for those who have been stopped', async () => {
    await expect(made.worktrees.open(await placed(), AbortSignal.abort())).rejects.toThrow();
  });

  it('are removed when nothing was changed, and settling twice does no harm', async () => {
    const worktree = await made.worktrees.open(await placed(), NEVER);
    const {worktree: settled} = await made.worktrees.settle(worktree, WORK);
    expect(settled.outcome).toEqual({is: 'removed'});
    expect((await made.worktrees.settle(settled, WORK)).worktree.outcome).toEqual({is: 'removed'});
  });

  it('are kept when something was changed, with the names of the files', async () => {
    const worktree = await made.worktrees.open(await placed(), NEVER);
    made.work(worktree);
    const {worktree: settled, filesChanged} = await made.worktrees.settle(worktree, WORK);
    expect(settled.outcome).toMatchObject({is: 'kept', notes: []});
    expect(filesChanged).toEqual(['new.txt']);
  });

  it('are opened again as they were left, without the outcome of before', async () => {
    const worktree = await made.worktrees.open(await placed(), NEVER);
    made.work(worktree);
    const {worktree: settled} = await made.worktrees.settle(worktree, WORK);
    const again = await made.worktrees.reopen(settled);
    expect(again).toMatchObject({path: worktree.path, branch: worktree.branch});
    expect(again.outcome).toBeUndefined();
  });

  it('are refused in words where none can be made', async () => {
    made.spoil();
    await expect(made.worktrees.plan(made.directory)).rejects.toBeInstanceOf(Refusal);
  });

  it('of which there is none are not found', async () => {
    expect(await made.worktrees.leftovers()).toEqual([]);
    expect(await made.worktrees.find(OF)).toBeUndefined();
  });
});
