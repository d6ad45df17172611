import {execFileSync} from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {Worktree} from '../../src/delegation/model/worktree.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';

let base: string;
let repository: Repository;
let worktrees: GitWorktrees;
let worktree: Worktree;
let own: Repository;

beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-stage-')));
  const files = {'a.txt': 'a\n', 'b.txt': 'b\n', 'folder/c.txt': 'c\n'};
  repository = Repository.create(join(base, 'shop'), {home: base, files});
  worktrees = new GitWorktrees({root: join(base, 'worktrees'), env: gitEnvironment(base)});
  worktree = await worktrees.open(worktrees.place(await worktrees.plan(repository.path), OF), NEVER);
  own = new Repository(worktree.path, base);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(base, {recursive: true, force: true});
});

/** What is committed in the end, as git lists it. */
async function committed(): Promise<readonly string[]> {
  expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept'});
  return repository.git('ls-tree', '-r', '--format=%(objectmode) %(path)', worktree.branch).split('\n');
}

describe('what is committed', () => {
  it('has files that became folders, folders that became files, and links', async () => {
    rmSync(join(own.path, 'a.txt'));
    rmSync(join(own.path, 'folder'), {recursive: true});
    own.write({'a.txt/deep.txt': 'deep', folder: 'a file'});
    rmSync(join(own.path, 'b.txt'));
    symlinkSync('/etc', join(own.path, 'b.txt'));
    expect(await committed()).toEqual(['100644 a.txt/deep.txt', '120000 b.txt', '100644 folder']);
  });

  it('has nothing that lies behind a link in place of a folder', async () => {
    mkdirSync(join(base, 'elsewhere'));
    writeFileSync(join(base, 'elsewhere', 'c.txt'), 'secret');
    rmSync(join(own.path, 'folder'), {recursive: true});
    symlinkSync(join(base, 'elsewhere'), join(own.path, 'folder'));
    expect(await committed()).toEqual(['100644 a.txt', '100644 b.txt', '120000 folder']);
  });

  it('has a repository in place of a file', async () => {
    rmSync(join(own.path, 'a.txt'));
    Repository.create(join(own.path, 'a.txt'), {home: base});
    expect(await committed()).toEqual(['160000 a.txt', '100644 b.txt', '100644 folder/c.txt']);
  });

  it('has files whose names are no UTF-8', async () => {
    writeFileSync(Buffer.from(`${own.path}/e\xff\n.txt`, 'latin1'), 'e');
    await worktrees.settle(worktree, WORK);
    expect(repository.git('diff', '--name-only', 'main', worktree.branch)).toBe('"e\\377\\n.txt"');
  });

  it('has what the agent has staged, taken back, and told git of', async () => {
    own.write({'new.txt': 'n', 'told.txt': 't', 'gone.txt': 'g'});
    own.git('add', 'new.txt', 'gone.txt');
    own.git('add', '--intent-to-add', 'told.txt');
    own.git('rm', '--quiet', '--cached', 'a.txt');
    rmSync(join(own.path, 'gone.txt'));
    const names = ['a.txt', 'b.txt', 'folder/c.txt', 'new.txt', 'told.txt'];
    expect(await committed()).toEqual(names.map((name) => `100644 ${name}`));
  });

  it('is a merge where the agent was in the middle of one, with conflicts as they stand', async () => {
    own.write({'a.txt': 'ours\n'});
    own.commit('ours');
    own.git('checkout', '--quiet', '--detach', worktree.base);
    own.write({'a.txt': 'theirs\n'});
    const theirs = own.commit('theirs');
    own.git('checkout', '--quiet', worktree.branch);
    expect(() => own.git('merge', theirs)).toThrow();
    await committed();
    expect(repository.git('rev-parse', `${worktree.branch}^2`)).toBe(theirs);
    expect(repository.git('show', `${worktree.branch}:a.txt`)).toContain('>>>>>>>');
  });

  it('is all but what git refuses, which the result names', async () => {
    repository.git('config', '--global', 'filter.broken.clean', 'false');
    repository.git('config', '--global', 'filter.broken.required', 'true');
    const files = Object.fromEntries(Array.from({length: 9}, (_, index) => [`new-${index}.txt`, 'new']));
    own.write({...files, '.gitattributes': 'new-3.txt filter=broken\nnew-7.txt filter=broken\n'});
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(settled.outcome).toMatchObject({
      notes: ['Not in the commit, and only in its folder: new-3.txt, new-7.txt.'],
    });
    expect(filesChanged).toHaveLength(8);
  });

  it('is all but a pipe in the place of a file, and a file that says it is larger than the disk', async () => {
    const {bavail, bsize} = statfsSync(own.path);
    own.write({'new.txt': 'n', 'vast.img': ''});
    truncateSync(join(own.path, 'vast.img'), bavail * bsize + 1024 ** 3);
    rmSync(join(own.path, 'a.txt'));
    execFileSync('mkfifo', [join(own.path, 'a.txt')]);
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(filesChanged).toEqual(['new.txt']);
    expect(settled.outcome).toMatchObject({
      notes: [expect.stringMatching(/^Not in the commit, and only in its folder: a\.txt, vast\.img\.$/)],
    });
  });

  it('leaves nothing of ours in the folder for temporary files', async () => {
    const folder = join(base, 'temporary');
    mkdirSync(folder);
    vi.stubEnv('TMPDIR', folder);
    own.write({'new.txt': 'n'});
    await committed();
    expect(readdirSync(folder)).toEqual([]);
  });
});
