import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {PlannedTravel} from '../../../src/pool/travel/plan.ts';
import {Repository} from '../../support/repository.ts';
import {bytesOf, Travelling} from '../../support/travelling.ts';

let travelling: Travelling;
beforeEach(() => {
  travelling = new Travelling();
});
afterEach(() => travelling.close());

/** What the worker has to fetch for a bundle, and what is in the bundle. */
function wayOf({travel}: PlannedTravel): string {
  if (travel.way === 'remote') return `remote ${travel.from.refs.join(' ')}`;
  return travel.since === undefined ? 'whole bundle' : `bundle on ${travel.since.refs.join(' ')}`;
}

async function textAtWorker(planned: PlannedTravel, name: string): Promise<string> {
  const {checkout} = await travelling.place(planned);
  return readFileSync(join(checkout, name), 'utf8');
}

describe('a commit', () => {
  it('that exists nowhere else travels in a bundle on top of what the remote has', async () => {
    const {shop} = travelling.cloned();
    shop.write({'b.txt': 'b\n'});
    const commit = shop.commit('second');
    const planned = await travelling.plan(shop.path);
    expect(wayOf(planned)).toBe('bundle on refs/heads/main');
    expect(planned.travel).toMatchObject({head: commit, commit});
    expect(planned.sentence).toContain(commit.slice(0, 12));
    expect(await textAtWorker(planned, 'b.txt')).toBe('b\n');
  });

  it('that is behind what the remote has now is fetched from there', async () => {
    const {origin, shop} = travelling.cloned();
    origin.write({'b.txt': 'b\n'});
    origin.commit('somebody has pushed');
    const before = bytesOf(shop.path);
    const planned = await travelling.plan(shop.path);
    expect(wayOf(planned)).toBe('remote refs/heads/main');
    expect(bytesOf(shop.path)).toEqual(before);
    expect(await textAtWorker(planned, 'a.txt')).toBe('a\n');
  });

  it('on top of one that is behind travels without what the remote has', async () => {
    const {origin, shop} = travelling.cloned();
    origin.write({'b.txt': 'b\n'});
    origin.commit('somebody has pushed');
    shop.write({'c.txt': 'c\n'});
    shop.commit('mine');
    const planned = await travelling.plan(shop.path);
    expect(wayOf(planned)).toBe('bundle on refs/heads/main');
    expect(await textAtWorker(planned, 'c.txt')).toBe('c\n');
  });

  it('of a branch that was deleted on the remote travels in a bundle', async () => {
    const {origin, shop} = travelling.cloned();
    shop.git('switch', '--quiet', '-c', 'feature');
    shop.write({'b.txt': 'b\n'});
    shop.commit('second');
    shop.git('push', '--quiet', 'origin', 'feature');
    expect(wayOf(await travelling.plan(shop.path))).toBe('remote refs/heads/feature');
    origin.git('branch', '-D', 'feature');
    const planned = await travelling.plan(shop.path);
    expect(wayOf(planned)).toBe('bundle on refs/heads/main');
    expect(await textAtWorker(planned, 'b.txt')).toBe('b\n');
  });

  it('of a history that the remote has rewritten travels whole', async () => {
    const {origin, shop} = travelling.cloned();
    origin.git('commit', '--quiet', '--amend', '-m', 'rewritten');
    const planned = await travelling.plan(shop.path);
    expect(wayOf(planned)).toBe('whole bundle');
    expect(await textAtWorker(planned, 'a.txt')).toBe('a\n');
  });

  it('of a checkout without a remote travels whole, and is known by its root', async () => {
    const lonely = Repository.create(join(travelling.base, 'client/lonely'), {home: travelling.base});
    const planned = await travelling.plan(lonely.path);
    expect(wayOf(planned)).toBe('whole bundle');
    expect(planned.travel.repository).toBe(`root:${lonely.git('rev-parse', 'HEAD')}`);
    expect(planned.notes.join(' ')).toContain('no remote');
    expect(await textAtWorker(planned, 'a.txt')).toBe('a\n');
  });

  it('travels whole where the remote does not answer, and the answer says so without its password', async () => {
    const {shop} = travelling.cloned();
    shop.git('remote', 'set-url', 'origin', 'http://ada:s3cret@127.0.0.1:9/shop.git');
    const planned = await travelling.plan(shop.path, {protocols: ['http']});
    expect(wayOf(planned)).toBe('whole bundle');
    expect(planned.notes.join(' ')).toContain('127.0.0.1:9/shop could not be asked');
    expect(JSON.stringify(planned)).not.toContain('s3cret');
  });

  it('travels whole where workers do not speak the protocol of its remote', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path, {protocols: ['https']});
    expect(wayOf(planned)).toBe('whole bundle');
    expect(planned.notes.join(' ')).toContain('Workers do not fetch by file');
  });

  it('that is not checked out travels where it is named', async () => {
    const {shop} = travelling.cloned();
    shop.git('switch', '--quiet', '-c', 'delegation/calm-blue-fox');
    shop.write({'b.txt': 'b\n'});
    const commit = shop.commit('an earlier delegation');
    shop.git('switch', '--quiet', 'main');
    const planned = await travelling.plan(shop.path, {commit});
    expect(planned.travel).toMatchObject({way: 'bundle', head: commit, commit});
    expect(await textAtWorker(planned, 'b.txt')).toBe('b\n');
    await expect(travelling.plan(shop.path, {commit: 'c'.repeat(40)})).rejects.toThrow(
      /cccccccccccc is not in the/,
    );
    await expect(travelling.plan(shop.path, {commit: '--all'})).rejects.toThrow(/no full name/);
  });

  it('of a repository of SHA-256 travels as well', async () => {
    const path = join(travelling.base, 'client/new');
    mkdirSync(path, {recursive: true});
    const repository = new Repository(path, travelling.base);
    repository.git('init', '--quiet', '--object-format=sha256');
    repository.git('config', 'user.name', 'Ada');
    repository.git('config', 'user.email', 'ada@example.org');
    repository.write({'a.txt': 'a\n'});
    expect(repository.commit('first')).toHaveLength(64);
    const planned = await travelling.plan(path);
    expect(planned.travel.format).toBe('sha256');
    expect(await textAtWorker(planned, 'a.txt')).toBe('a\n');
  });
});

describe('which repository it is', () => {
  it('differs for two forks with one root, and each is fetched from its own remote', async () => {
    const {origin, shop} = travelling.cloned();
    const fork = travelling.clone(origin, join(travelling.base, 'server/fork'));
    fork.write({'fork.txt': 'x\n'});
    fork.commit('in the fork');
    const clone = travelling.clone(fork, join(travelling.base, 'client/fork'));
    clone.git('remote', 'add', 'upstream', `file://${origin.path}`);
    const [one, other] = [await travelling.plan(shop.path), await travelling.plan(clone.path)];
    expect(one.identity.roots).toEqual(other.identity.roots);
    expect(other.travel.repository).toBe(`file${fork.path}`);
    expect(one.travel.repository).not.toBe(other.travel.repository);
    expect(wayOf(other)).toBe('remote refs/heads/main');
  });

  it('is the remote of a template clone, and not what the template was', async () => {
    const {origin} = travelling.cloned('template');
    const copy = travelling.clone(origin, join(travelling.base, 'client/copy'));
    copy.git('remote', 'rename', 'origin', 'template');
    const server = Repository.create(join(travelling.base, 'server/copy'), {
      home: travelling.base,
      files: {},
    });
    copy.git('remote', 'add', 'origin', `file://${server.path}`);
    const planned = await travelling.plan(copy.path);
    expect(planned.travel.repository).toBe(`file${server.path}`);
    expect(wayOf(planned)).toBe('whole bundle');
  });

  it('is found where url.<base>.insteadOf leads, the one of the person and the one of the repository', async () => {
    const {origin, shop} = travelling.cloned();
    writeFileSync(
      join(travelling.base, '.gitconfig'),
      `[url "file://${travelling.base}/server/"]\n\tinsteadOf = work:\n`,
    );
    shop.git('remote', 'set-url', 'origin', 'work:shop');
    const planned = await travelling.plan(shop.path);
    expect(planned.travel).toMatchObject({way: 'remote', from: {url: `file://${origin.path}`}});
    shop.git('config', 'url.https://ada:s3cret@git.example.org/.insteadOf', 'corp:');
    shop.git('remote', 'set-url', 'origin', 'corp:shop');
    const other = await travelling.plan(shop.path);
    expect(other.travel.repository).toBe('git.example.org/shop');
    expect(JSON.stringify(other)).not.toContain('s3cret');
  });

  it('is no remote that would run a program', async () => {
    const {shop} = travelling.cloned();
    const canary = join(travelling.base, 'canary');
    shop.git('remote', 'set-url', 'origin', `ext::touch ${canary}`);
    const planned = await travelling.plan(shop.path);
    expect(wayOf(planned)).toBe('whole bundle');
    expect(existsSync(canary)).toBe(false);
  });
});

describe('a clone that is not whole', () => {
  it('is fetched from its remote where that has the commit', async () => {
    const {origin} = travelling.cloned();
    origin.write({'b.txt': 'b\n'});
    origin.commit('second');
    const shallow = travelling.clone(origin, join(travelling.base, 'client/shallow'), '--depth=1');
    const planned = await travelling.plan(shallow.path);
    expect(wayOf(planned)).toBe('remote refs/heads/main');
    shallow.write({'c.txt': 'c\n'});
    shallow.commit('third');
    const more = await travelling.plan(shallow.path);
    expect(wayOf(more)).toBe('bundle on refs/heads/main');
    expect(await textAtWorker(more, 'c.txt')).toBe('c\n');
  });

  it('is refused where it would have to travel whole', async () => {
    const {origin} = travelling.cloned();
    origin.write({'b.txt': 'b\n'});
    origin.commit('second');
    const shallow = travelling.clone(origin, join(travelling.base, 'client/shallow'), '--depth=1');
    await expect(travelling.plan(shallow.path, {workersFetch: 'nothing'})).rejects.toThrow(
      /the clone is shallow.*git fetch --unshallow/,
    );
  });

  it('without files that it has never fetched is refused where these would have to travel', async () => {
    const {origin} = travelling.cloned();
    origin.write({'a.txt': 'other\n'});
    origin.commit('second');
    origin.git('config', 'uploadpack.allowFilter', 'true');
    const partial = travelling.clone(origin, join(travelling.base, 'client/partial'), '--filter=blob:none');
    expect(wayOf(await travelling.plan(partial.path))).toBe('remote refs/heads/main');
    await expect(travelling.plan(partial.path, {workersFetch: 'nothing'})).rejects.toThrow(/partial clone/);
  });
});

describe('a checkout with changes', () => {
  it('travels without them and says so, unless they were asked for', async () => {
    const {shop} = travelling.cloned();
    shop.write({'a.txt': 'changed\n', 'b.txt': 'b\n'});
    const planned = await travelling.plan(shop.path);
    expect(wayOf(planned)).toBe('remote refs/heads/main');
    expect(planned.notes.join(' ')).toContain('not committed in your checkout ("a.txt", "b.txt")');
    expect(await textAtWorker(planned, 'a.txt')).toBe('a\n');
  });

  it('travels with what is staged, unstaged, new, deleted, renamed, executable or a link, and none of it changes', async () => {
    const {shop} = travelling.cloned('shop', {
      'a.txt': 'a\n',
      'gone.txt': 'x\n',
      'old.txt': 'y\n',
      'run.sh': '#!\n',
      'ä ö/é.txt': 'z\n',
    });
    writeFileSync(join(shop.path, '.git/hooks/pre-commit'), '#!/bin/sh\nexit 1\n', {mode: 0o755});
    writeFileSync(join(shop.path, '.git/hooks/reference-transaction'), '#!/bin/sh\nexit 1\n', {mode: 0o644});
    shop.write({'stashed.txt': 's\n'});
    shop.git('stash', '--include-untracked', '--quiet');
    shop.write({'a.txt': 'staged\n'});
    shop.git('add', 'a.txt');
    shop.write({'a.txt': 'unstaged\n', 'new/b.txt': 'b\n', 'ä ö/é.txt': 'Z\n'});
    shop.git('rm', '--quiet', 'gone.txt');
    renameSync(join(shop.path, 'old.txt'), join(shop.path, 'renamed.txt'));
    chmodSync(join(shop.path, 'run.sh'), 0o755);
    symlinkSync('a.txt', join(shop.path, 'link'));
    const before = bytesOf(shop.path);
    const planned = await travelling.plan(shop.path, {includesChanges: true});
    expect(bytesOf(shop.path)).toEqual(before);
    expect(wayOf(planned)).toBe('bundle on refs/heads/main');
    const {checkout} = await travelling.place(planned);
    const work = new Repository(checkout, travelling.base);
    expect(work.git('-c', 'core.quotePath=false', 'ls-files').split('\n')).toEqual([
      ...['a.txt', 'link', 'new/b.txt', 'renamed.txt', 'run.sh', 'ä ö/é.txt'],
    ]);
    expect(work.git('status', '--porcelain')).toBe('');
    expect(readFileSync(join(checkout, 'a.txt'), 'utf8')).toBe('unstaged\n');
    expect(readFileSync(join(checkout, 'ä ö/é.txt'), 'utf8')).toBe('Z\n');
    expect(statSync(join(checkout, 'run.sh')).mode & 0o100).toBe(0o100);
    expect(work.git('rev-parse', 'HEAD~1')).toBe(planned.travel.head);
  });

  it('is refused in the midst of a merge', async () => {
    const {shop} = travelling.cloned();
    shop.git('switch', '--quiet', '-c', 'other');
    shop.write({'a.txt': 'other\n'});
    shop.commit('other');
    shop.git('switch', '--quiet', 'main');
    shop.write({'a.txt': 'mine\n'});
    shop.commit('mine');
    expect(() => shop.git('merge', 'other')).toThrow();
    await expect(travelling.plan(shop.path, {includesChanges: true})).rejects.toThrow(
      /conflicts in "a\.txt"/,
    );
  });

  it('that are none travels as the commit', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path, {includesChanges: true});
    expect(wayOf(planned)).toBe('remote refs/heads/main');
  });
});

describe('what stays behind', () => {
  it('is said of ignored files, submodules, files of LFS and files that git does not look at', async () => {
    const {shop} = travelling.cloned('shop', {
      '.gitignore': '.env\nbuild/\n',
      '.gitattributes': '*.bin filter=lfs\n',
      'a.bin': 'pointer\n',
      'quiet.txt': 'q\n',
    });
    const other = Repository.create(join(travelling.base, 'server/other'), {home: travelling.base});
    shop.git(
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      `file://${other.path}`,
      'libs/other',
    );
    shop.write({'.env': 'SECRET=1\n', 'build/x': 'x\n'});
    shop.git('update-index', '--assume-unchanged', 'quiet.txt');
    const planned = await travelling.plan(shop.path, {includesChanges: true});
    const said = planned.notes.join('\n');
    expect(said).toContain('as git ignores it: ".env", "build/".');
    expect(said).toContain(
      'Repositories of their own, of which no more than the name of a commit travels: "libs/other".',
    );
    expect(said).toContain(
      'Files of Git LFS are no more than pointers at the worker, which gets no contents for them: "a.bin".',
    );
    expect(said).toContain('assume that they are unchanged: "quiet.txt".');
    const {checkout} = await travelling.place(planned);
    expect(existsSync(join(checkout, '.env'))).toBe(false);
    expect(existsSync(join(checkout, 'libs/other/a.txt'))).toBe(false);
    expect(readFileSync(join(checkout, 'a.bin'), 'utf8')).toBe('pointer\n');
  });

  it('is refused where it is the folder of the delegation', async () => {
    const {shop} = travelling.cloned();
    shop.write({'new/b.txt': 'b\n'});
    await expect(travelling.plan(join(shop.path, 'new'))).rejects.toThrow(/new is not in the commit/);
    const planned = await travelling.plan(join(shop.path, 'new'), {includesChanges: true});
    const {directory} = await travelling.place(planned);
    expect(readFileSync(join(directory, 'b.txt'), 'utf8')).toBe('b\n');
  });
});

describe('a repository that is too large', () => {
  it('is refused with the number, and with what makes it so large', async () => {
    const {shop} = travelling.cloned();
    const noise = Buffer.from(
      Array.from({length: 300_000}, (_, index) => (index * 7919 * (index % 251)) % 256),
    );
    mkdirSync(join(shop.path, 'data'));
    writeFileSync(join(shop.path, 'data/model.bin'), noise);
    shop.commit('large');
    await expect(travelling.plan(shop.path, {limitBytes: 2_000})).rejects.toThrow(
      /more than the 2\.0 kB that may be sent: about \d+ kB in 1 commits\. The largest files: "data\/model\.bin" \(300 kB\)/,
    );
    expect(existsSync(join(travelling.base, 'spool'))).toBe(false);
    expect(existsSync(join(travelling.base, 'spool.part'))).toBe(false);
  });

  it('is fetched whatever its size where the remote has it', async () => {
    const {shop} = travelling.cloned();
    expect(wayOf(await travelling.plan(shop.path, {limitBytes: 1}))).toBe('remote refs/heads/main');
  });
});

it('a folder that cannot travel is refused in words', async () => {
  const {base} = travelling;
  await expect(travelling.plan(base)).rejects.toThrow(
    /^The code cannot travel to a worker: git says: .*not a git repository/,
  );
  const empty = Repository.create(join(base, 'empty'), {home: base, files: {}});
  await expect(travelling.plan(empty.path)).rejects.toThrow(/has no commit yet\. Commit first\.$/);
});

it('a repository with spaces, quotes and other letters in its path travels', async () => {
  const {shop} = travelling.cloned('a "b" \'c\' é 日本 #1');
  shop.write({'b.txt': 'b\n'});
  const planned = await travelling.plan(shop.path, {includesChanges: true});
  expect(wayOf(planned)).toBe('bundle on refs/heads/main');
  expect(await textAtWorker(planned, 'b.txt')).toBe('b\n');
});
