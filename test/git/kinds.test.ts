import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Worktree} from '../../src/delegation/model/worktree.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';

let base: string;
let origin: Repository;
let worktrees: GitWorktrees;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-kinds-')));
  const files = {'a.txt': 'a\n', 'in/b.txt': 'b\n', 'out/c.txt': 'c\n'};
  origin = Repository.create(join(base, 'origin'), {home: base, files});
  origin.write({'out/c.txt': 'changed\n'});
  origin.commit('second');
  worktrees = worktreesWith({});
});

afterEach(() => rmSync(base, {recursive: true, force: true}));

function worktreesWith(env: Record<string, string>): GitWorktrees {
  return new GitWorktrees({root: join(base, 'worktrees'), env: {...gitEnvironment(base), ...env}});
}

async function open({path}: Repository): Promise<Worktree> {
  return worktrees.open(worktrees.place(await worktrees.plan(path), OF), NEVER);
}

function clone(...args: readonly string[]): Repository {
  const path = join(base, 'clone');
  origin.git('config', 'uploadpack.allowFilter', 'true');
  origin.git('clone', '--quiet', ...args, `file://${origin.path}`, path);
  const cloned = new Repository(path, base);
  cloned.git('config', 'user.name', 'Ada');
  cloned.git('config', 'user.email', 'ada@example.org');
  return cloned;
}

/** Has something written, and the rest of it go as it does. */
async function expectCommit(repository: Repository): Promise<Worktree> {
  const worktree = await open(repository);
  new Repository(worktree.path, base).write({'new.txt': 'new\n'});
  const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
  expect(filesChanged).toEqual(['new.txt']);
  expect(settled.outcome).toMatchObject({is: 'kept', notes: []});
  expect(repository.git('log', '-1', '--format=%an', worktree.branch)).toBe('Ada');
  return settled;
}

describe('a worktree is made, and what is changed in it committed,', () => {
  it('in a shallow clone', async () => {
    const repository = clone('--depth=1');
    await expectCommit(repository);
    expect(repository.git('rev-list', '--count', 'HEAD')).toBe('1');
  });

  it('in a clone that lacks the files it does not show', async () => {
    const repository = clone('--filter=blob:none', '--sparse');
    await expectCommit(repository);
  });

  it('in a clone that borrows its objects', async () => {
    origin.git('clone', '--quiet', '--shared', origin.path, join(base, 'clone'));
    const repository = new Repository(join(base, 'clone'), base);
    repository.git('config', 'user.name', 'Ada');
    repository.git('config', 'user.email', 'ada@example.org');
    await expectCommit(repository);
  });

  it('in a repository with longer names for its objects', async () => {
    const path = join(base, 'long');
    mkdirSync(path);
    origin.git('init', '--quiet', '--object-format=sha256', path);
    const repository = Repository.create(path, {home: base});
    expect((await expectCommit(repository)).base).toHaveLength(64);
  });

  it('in a repository that several people write to, with their rights', async () => {
    origin.git('config', 'core.sharedRepository', 'group');
    chmodSync(join(origin.path, '.git', 'refs'), 0o2775);
    await expectCommit(origin);
    expect(statSync(join(origin.path, '.git', 'worktrees')).mode & 0o7777).toBe(0o2775);
  });
});

it('a worktree belongs to the repository, and to no stand-in', async () => {
  const worktree = await open(origin);
  expect(readFileSync(join(worktree.path, '.git'), 'utf8')).toBe(`gitdir: ${worktree.gitDir}\n`);
  expect(readFileSync(join(worktree.gitDir ?? '', 'commondir'), 'utf8')).toBe('../..\n');
  expect(origin.git('worktree', 'list')).toContain(worktree.path);
  expect(new Repository(worktree.path, base).git('status', '--porcelain')).toBe('');
});

it('a worktree has the settings that its checkout has for itself, but not where its files are', async () => {
  origin.git('sparse-checkout', 'set', 'in');
  const file = join(origin.path, '.git', 'config.worktree');
  origin.git('config', '--file', file, 'core.worktree', origin.path);
  origin.git('config', '--file', file, 'core.bare', 'false');
  const worktree = await open(origin);
  const own = new Repository(worktree.path, base);
  expect(own.git('sparse-checkout', 'list')).toBe('in');
  expect(own.git('status', '--porcelain')).toBe('');
  expect(existsSync(join(worktree.path, 'out'))).toBe(false);
  const copy = readFileSync(join(worktree.gitDir ?? '', 'config.worktree'), 'utf8');
  expect(copy).not.toMatch(/^\s*(worktree|bare) =/m);
});

it('no program is looked for in the folder that git runs in', async () => {
  const canary = join(base, 'canary');
  origin.write({
    'bin/git-lfs': `#!/bin/sh\ntouch '${canary}'\ncat\n`,
    '.gitattributes': '*.bin filter=lfs\n',
  });
  chmodSync(join(origin.path, 'bin', 'git-lfs'), 0o755);
  origin.commit('with a program');
  origin.git('config', 'filter.lfs.clean', 'git-lfs clean -- %f');
  worktrees = worktreesWith({PATH: `./bin:bin::${process.env.PATH}`});
  const worktree = await open(origin);
  writeFileSync(join(worktree.path, 'one.bin'), 'one');
  await worktrees.settle(worktree, WORK);
  expect(existsSync(canary)).toBe(false);
});
