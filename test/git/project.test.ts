import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {projectOf} from '../../src/git/project.ts';

let root: string;
let n = 0;
/** Instead of now. */
let committerDate: string | undefined;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode delegate project-')));
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

const SETTINGS = [
  ...['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com'],
  ...['-c', 'commit.gpgsign=false', '-c', 'init.defaultBranch=main'],
];

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', [...SETTINGS, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
    env: {
      PATH: process.env.PATH,
      HOME: root,
      GIT_CONFIG_NOSYSTEM: '1',
      ...(committerDate !== undefined && {GIT_COMMITTER_DATE: committerDate}),
    },
  }).trim();
}

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, {recursive: true});
  return path;
}

/** Its message makes each commit, and so each root, another. */
function commit(repository: string): string {
  n += 1;
  writeFileSync(join(repository, `file ${n}.txt`), `${n}`);
  git(repository, 'add', '.');
  git(repository, 'commit', '-m', `change ${n}`);
  return git(repository, 'rev-parse', 'HEAD');
}

/** Replaces the newest commit by one that is dated long after every other. */
function amend(repository: string): string {
  n += 1;
  committerDate = `@${1_900_000_000 + n} +0000`;
  git(repository, 'commit', '--amend', '-m', `other ${n}`);
  committerDate = undefined;
  return git(repository, 'rev-parse', 'HEAD');
}

function repository(name: string): {path: string; first: string} {
  const path = folder(name);
  git(path, 'init');
  return {path, first: commit(path)};
}

it('a repository is known by its first commit, however many follow', async () => {
  const {path, first} = repository('my repository');
  commit(path);
  expect(await projectOf(path)).toBe(first);
});

it('a subdirectory, a worktree and a clone share the project of their repository', async () => {
  const {path, first} = repository('origin');
  commit(path);
  git(path, 'worktree', 'add', join(root, 'work tree'), '-b', 'side');
  git(root, 'clone', path, join(root, 'a clone'));
  commit(join(root, 'work tree'));
  const inside = folder('origin/deep/in side');
  for (const directory of [inside, join(root, 'work tree'), join(root, 'a clone')]) {
    expect(await projectOf(directory)).toBe(first);
  }
});

it('two repositories are two projects', async () => {
  expect(await projectOf(repository('one').path)).not.toBe(await projectOf(repository('two').path));
});

it('a history with several roots always gives the same one', async () => {
  const {path, first} = repository('merged');
  const other = repository('other');
  // The newer root, which git names first, must not be the one that sorts first by chance.
  do other.first = amend(other.path);
  while (other.first < first);
  git(path, 'fetch', other.path, 'HEAD');
  git(path, 'merge', '--allow-unrelated-histories', '-m', 'merge', 'FETCH_HEAD');
  expect(await projectOf(path)).toBe(first);
});

it('a repository without a commit is known by its directory', async () => {
  const path = folder('Fresh Start');
  git(path, 'init');
  expect(await projectOf(path)).toMatch(/^fresh-start-[0-9a-f]{16}$/);
});

it('a directory outside of any repository is known by its name and path', async () => {
  const name = await projectOf(folder('My Notes & Things'));
  expect(name).toMatch(/^my-notes-things-[0-9a-f]{16}$/);
  expect(await projectOf(folder('elsewhere/My Notes & Things'))).not.toBe(name);
  expect(await projectOf(folder('My Notes & Things'))).toBe(name);
});

it('a link to a directory is the same project as the directory', async () => {
  const path = folder('real');
  symlinkSync(path, join(root, 'link'));
  expect(await projectOf(join(root, 'link'))).toBe(await projectOf(path));
});

it('a name without one plain letter is still safe as a folder name', async () => {
  expect(await projectOf(folder('プロジェクト'))).toMatch(/^[0-9a-f]{16}$/);
});

it('a very long name is shortened', async () => {
  expect(await projectOf(folder('x'.repeat(200)))).toMatch(/^x{40}-[0-9a-f]{16}$/);
});

it('a directory that is gone still has a project', async () => {
  expect(await projectOf(join(root, 'was here'))).toMatch(/^was-here-[0-9a-f]{16}$/);
});
