import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {fetchedPath} from '../../../src/pool/travel/fetched.ts';
import type {PlannedTravel} from '../../../src/pool/travel/plan.ts';
import {remoteUrl} from '../../../src/pool/travel/remote-url.ts';
import type {Travel} from '../../../src/pool/travel/travel.ts';
import {GitServer} from '../../support/git-server.ts';
import {Repository} from '../../support/repository.ts';
import {LIMIT, Travelling} from '../../support/travelling.ts';

let travelling: Travelling;
let servers: GitServer[];
beforeEach(() => {
  travelling = new Travelling();
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
  travelling.close();
});

async function serve(login?: string): Promise<GitServer> {
  const options = {root: join(travelling.base, 'server'), ...(login !== undefined && {login})};
  const server = await GitServer.start(options);
  servers.push(server);
  return server;
}

function at({checkout}: {readonly checkout: string}): Repository {
  return new Repository(checkout, travelling.base);
}

/** The repository with what the worker has fetched for it. */
function fetchedOf({travel}: PlannedTravel): string {
  const url = travel.way === 'remote' ? travel.from.url : (travel.since?.url ?? '');
  return fetchedPath(join(travelling.base, 'worker/fetched'), {url, format: travel.format});
}

/** The same, from a server that serves the same repository. */
function fetchedFrom({url}: GitServer, {travel}: PlannedTravel): Travel {
  if (travel.way !== 'remote') throw new Error('it was to be fetched');
  const own = remoteUrl(`${url}/shop`);
  if (own === undefined) throw new Error('a server has a URL');
  return {...travel, repository: own.address, from: {...travel.from, url: own.url}};
}

function hasObject(repository: Repository, object: string): boolean {
  try {
    repository.git('cat-file', '-e', object);
    return true;
  } catch {
    return false;
  }
}

/** What a client sends of the file: with its content alone, and in no commit that others have. */
async function withChange(
  shop: Repository,
  content: string,
): Promise<{planned: PlannedTravel; blob: string}> {
  shop.write({'private.txt': content});
  const planned = await travelling.plan(shop.path, {
    includesChanges: true,
    spool: join(travelling.base, `spool-${content.length}`),
  });
  return {planned, blob: shop.git('hash-object', 'private.txt')};
}

describe('the checkout of a job', () => {
  it('is a repository of its own on no branch, with nothing of the client but the commit', async () => {
    const {shop} = travelling.cloned();
    const placed = await travelling.place(await travelling.plan(shop.path));
    const work = at(placed);
    expect(work.git('rev-parse', 'HEAD')).toBe(shop.git('rev-parse', 'HEAD'));
    expect(work.git('for-each-ref')).toBe('');
    expect(work.git('remote')).toBe('');
    expect(work.git('status', '--porcelain', '--branch')).toBe('## HEAD (no branch)');
    expect(work.git('config', '--local', '--list')).not.toContain('user.');
  });

  it('is fetched once: another job borrows what is there', async () => {
    const server = await serve();
    const {shop} = travelling.cloned();
    shop.git('remote', 'set-url', 'origin', `${server.url}/shop`);
    const planned = await travelling.plan(shop.path, {protocols: ['http']});
    const cache = travelling.cache({protocols: ['http']});
    await travelling.place(planned, {cache, job: 'one'});
    const before = server.asked.length;
    const other = await travelling.place(planned, {cache, job: 'two'});
    expect(server.asked.length).toBe(before);
    expect(readFileSync(join(other.checkout, 'a.txt'), 'utf8')).toBe('a\n');
    expect([...(await cache.jobs())].sort()).toEqual(['one', 'two']);
  });

  it('is made for two jobs at the same time', async () => {
    const {origin, shop} = travelling.cloned();
    const first = await travelling.plan(shop.path);
    origin.git('switch', '--quiet', '-c', 'other');
    origin.write({'b.txt': 'b\n'});
    origin.commit('second');
    shop.git('fetch', '--quiet');
    shop.git('switch', '--quiet', '--detach', 'origin/other');
    const second = await travelling.plan(shop.path);
    const [one, two, three] = await Promise.all([
      travelling.place(first, {job: 'one'}),
      travelling.place(second, {job: 'two', cache: travelling.cache()}),
      travelling.place(second, {job: 'three'}),
    ]);
    expect(existsSync(join(one.checkout, 'b.txt'))).toBe(false);
    expect(existsSync(join(two.checkout, 'b.txt'))).toBe(true);
    expect(existsSync(join(three.checkout, 'b.txt'))).toBe(true);
  });

  it('is there while it is used, whatever becomes of the branch and of garbage', async () => {
    const {origin, shop} = travelling.cloned();
    origin.git('switch', '--quiet', '-c', 'feature');
    origin.write({'b.txt': 'b\n'});
    origin.commit('second');
    shop.git('fetch', '--quiet');
    shop.git('switch', '--quiet', '--detach', 'origin/feature');
    const planned = await travelling.plan(shop.path);
    const placed = await travelling.place(planned);
    const fetched = new Repository(fetchedOf(planned), travelling.base);
    fetched.git('update-ref', '-d', 'refs/cache/heads/feature');
    fetched.git('gc', '--quiet', '--prune=now');
    expect(at(placed).git('fsck', '--full')).toBe('');
    await travelling.cache().remove('job-1');
    expect(fetched.git('for-each-ref', 'refs/jobs')).toBe('');
    expect(readdirSync(join(fetched.path, 'jobs'))).toEqual([]);
    fetched.git('gc', '--quiet', '--prune=now');
    expect(hasObject(fetched, planned.travel.commit)).toBe(false);
  });

  it('is removed with all that was in it, also where its agent has made it unwritable', async () => {
    const {shop} = travelling.cloned();
    const placed = await travelling.place(await travelling.plan(shop.path));
    mkdirSync(join(placed.checkout, 'shut/inner'), {recursive: true});
    writeFileSync(join(placed.checkout, 'shut/inner/x'), 'x');
    chmodSync(join(placed.checkout, 'shut/inner'), 0o500);
    chmodSync(join(placed.checkout, 'shut'), 0o500);
    await travelling.cache().remove('job-1');
    expect(readdirSync(join(travelling.base, 'worker/jobs'))).toEqual([]);
    await travelling.cache().remove('job-1');
  });

  it('is never made under a name that leads elsewhere', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    for (const job of ['..', '../x', '.hidden', 'a/b', '-x', 'x.lock', ''])
      await expect(travelling.place(planned, {job}), job).rejects.toThrow(/is no name for a folder/);
  });
});

describe('what one owner sends', () => {
  it('is in no other job, and in nothing that other jobs borrow from', async () => {
    const {origin, shop} = travelling.cloned();
    const other = travelling.clone(origin, join(travelling.base, 'client/other'));
    const mine = await withChange(shop, 'mine\n');
    const theirs = await withChange(other, 'theirs!\n');
    const one = await travelling.place(mine.planned, {job: 'one'});
    const two = await travelling.place(theirs.planned, {job: 'two'});
    expect(fetchedOf(mine.planned)).toBe(fetchedOf(theirs.planned));
    const fetched = new Repository(fetchedOf(mine.planned), travelling.base);
    const found = [at(one), at(two), fetched].map((place) =>
      [mine.blob, theirs.blob].map((blob) => hasObject(place, blob)),
    );
    expect(found).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
  });

  it('from a fork is not where jobs of what it was forked from borrow, also where both have one root', async () => {
    const {origin, shop} = travelling.cloned();
    const fork = travelling.clone(origin, join(travelling.base, 'server/fork'));
    fork.write({'secret.txt': 'of the fork\n'});
    const commit = fork.commit('in the fork');
    const clone = travelling.clone(fork, join(travelling.base, 'client/fork'));
    const forked = await travelling.plan(clone.path);
    await travelling.place(forked, {job: 'fork'});
    const planned = await travelling.plan(shop.path);
    const placed = await travelling.place(planned, {job: 'shop'});
    expect(fetchedOf(forked)).not.toBe(fetchedOf(planned));
    expect(hasObject(at(placed), commit)).toBe(false);
  });
});

describe('a worker that fetches', () => {
  it('finds a commit whose branch was deleted after it was planned, where the server gives it', async () => {
    const {origin, shop} = travelling.cloned();
    origin.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    origin.git('branch', 'feature');
    origin.git('switch', '--quiet', 'feature');
    origin.write({'b.txt': 'b\n'});
    origin.commit('second');
    shop.git('fetch', '--quiet');
    shop.git('switch', '--quiet', '--detach', 'origin/feature');
    const planned = await travelling.plan(shop.path);
    origin.git('switch', '--quiet', 'main');
    origin.git('branch', '-D', 'feature');
    const placed = await travelling.place(planned);
    expect(existsSync(join(placed.checkout, 'b.txt'))).toBe(true);
  });

  it('asks for a bundle where the remote was rewritten after it was planned', async () => {
    const {origin, shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    origin.git('commit', '--quiet', '--amend', '-m', 'rewritten');
    const commit = planned.travel.commit.slice(0, 12);
    // A server that gives what no branch leads to would still have it.
    origin.git('config', 'uploadpack.allowAnySHA1InWant', 'false');
    origin.git('reflog', 'expire', '--expire=now', '--all');
    origin.git('gc', '--quiet', '--prune=now');
    await expect(travelling.place(planned)).rejects.toThrow(`The worker cannot fetch ${commit} from file`);
  });

  it('finds a commit where a branch has taken the place of a folder of branches', async () => {
    const {origin, shop} = travelling.cloned();
    origin.git('branch', 'a');
    shop.git('fetch', '--quiet');
    const all = {refs: ['refs/heads/a']};
    const planned = await travelling.plan(shop.path);
    if (planned.travel.way !== 'remote') throw new Error('it was to be fetched');
    await travelling.place(
      {...planned, travel: {...planned.travel, from: {...planned.travel.from, ...all}}},
      {job: 'one'},
    );
    origin.git('branch', '-D', 'a');
    origin.git('switch', '--quiet', '-c', 'a/b');
    origin.write({'b.txt': 'b\n'});
    origin.commit('second');
    shop.git('fetch', '--quiet', '--prune');
    shop.git('switch', '--quiet', '--detach', 'origin/a/b');
    const next = await travelling.plan(shop.path);
    const placed = await travelling.place(next, {job: 'two'});
    expect(existsSync(join(placed.checkout, 'b.txt'))).toBe(true);
  });

  it('says so where it may not read the remote, and with its own login it may', async () => {
    const server = await serve('ci:s3cret');
    const {origin, shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const locked = {...planned, travel: fetchedFrom(server, planned)};
    const cache = travelling.cache({protocols: ['http']});
    await expect(travelling.place(locked, {cache})).rejects.toThrow(
      /cannot fetch .* from 127\.0\.0\.1:\d+\/shop: fatal: /,
    );
    expect(await cache.jobs()).toEqual([]);
    writeFileSync(join(travelling.base, 'login'), `${server.url.replace('//', '//ci:s3cret@')}\n`);
    const helper = `store --file='${join(travelling.base, 'login')}'`;
    writeFileSync(join(travelling.base, '.gitconfig'), `[credential]\n\thelper = "${helper}"\n`);
    const placed = await travelling.place(locked, {cache});
    expect(at(placed).git('rev-parse', 'HEAD')).toBe(origin.git('rev-parse', 'HEAD'));
    const written = readdirSync(join(travelling.base, 'worker'), {
      recursive: true,
      encoding: 'utf8',
      withFileTypes: true,
    });
    const files = written
      .filter((entry) => entry.isFile())
      .map(({parentPath, name}) => readFileSync(join(parentPath, name), 'latin1'));
    expect(files.filter((text) => text.includes('s3cret'))).toEqual([]);
  });

  it('speaks no protocol that it was not given, also where its own configuration leads there', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    await expect(
      travelling.place(planned, {cache: travelling.cache({protocols: ['https']})}),
    ).rejects.toThrow(/transport 'file' not allowed/);
    const canary = join(travelling.base, 'canary');
    writeFileSync(
      join(travelling.base, '.gitconfig'),
      `[url "ext::touch ${canary} "]\n\tinsteadOf = file://\n`,
    );
    await expect(travelling.place(planned)).rejects.toThrow(/transport 'ext' not allowed/);
    expect(existsSync(canary)).toBe(false);
  });

  it('goes on where one was killed in the midst of a fetch', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const server = await serve();
    const travel = fetchedFrom(server, planned);
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      server.held = resolve;
    });
    server.hold = new Promise<void>((resolve) => {
      go = resolve;
    });
    const worker = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', KILLED], {
      env: {...travelling.env, TRAVEL: JSON.stringify(travel), FOLDER: join(travelling.base, 'worker')},
      cwd: join(import.meta.dirname, '../../..'),
      stdio: 'ignore',
    });
    const ended = once(worker, 'exit');
    await held;
    worker.kill('SIGKILL');
    await ended;
    const path = fetchedOf({...planned, travel});
    writeFileSync(join(path, 'packed-refs.lock'), '');
    writeFileSync(join(path, 'objects/pack/tmp_pack_x'), 'half');
    go();
    server.hold = undefined;
    const placed = await travelling.place(
      {...planned, travel},
      {cache: travelling.cache({protocols: ['http']})},
    );
    expect(existsSync(join(placed.checkout, 'a.txt'))).toBe(true);
    expect(existsSync(join(path, 'objects/pack/tmp_pack_x'))).toBe(false);
  });

  it('stops at once when it is told to, and leaves nothing of the job', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    const server = await serve();
    const travel = fetchedFrom(server, planned);
    const abort = new AbortController();
    let go = (): void => {};
    server.held = () => abort.abort(new Error('told to stop'));
    server.hold = new Promise<void>((resolve) => {
      go = resolve;
    });
    const cache = travelling.cache({protocols: ['http']});
    await expect(cache.place({job: 'one', travel}, noBundle, abort.signal)).rejects.toThrow('told to stop');
    go();
    expect(await cache.jobs()).toEqual([]);
  });

  it('removes what no job has used for a month, and nothing that one borrows from', async () => {
    const {shop} = travelling.cloned();
    const planned = await travelling.plan(shop.path);
    await travelling.place(planned);
    const path = fetchedOf(planned);
    const old = new Date(Date.now() - 40 * 86_400_000);
    utimesSync(path, old, old);
    await travelling.cache().tidy();
    expect(existsSync(path)).toBe(true);
    await travelling.cache().remove('job-1');
    utimesSync(path, old, old);
    await travelling.cache().tidy();
    expect(existsSync(path)).toBe(false);
  });
});

describe('a bundle on its way to a worker', () => {
  async function* changed(path: string, change: (content: Buffer) => Buffer): AsyncGenerator<Uint8Array> {
    yield change(readFileSync(path));
  }

  it.each([
    ['is cut off', (content: Buffer) => content.subarray(0, -1), /cut off after \d+ of \d+ bytes/],
    [
      'is longer',
      (content: Buffer) => Buffer.concat([content, Buffer.from('x')]),
      /longer than was announced/,
    ],
    ['is another one', (content: Buffer) => Buffer.alloc(content.length), /not the one that was announced/],
  ] as const)('is refused where it %s', async (_, change, why) => {
    const {shop} = travelling.cloned();
    const {planned} = await withChange(shop, 'mine\n');
    const path = planned.bundle?.path ?? '';
    const {signal} = new AbortController();
    const cache = travelling.cache();
    await expect(
      cache.place({job: 'one', travel: planned.travel}, () => changed(path, change), signal),
    ).rejects.toThrow(why);
    expect(await cache.jobs()).toEqual([]);
  });

  it('is not even asked for where it is larger than the worker takes', async () => {
    const {shop} = travelling.cloned();
    const {planned} = await withChange(shop, 'mine\n');
    const cache = travelling.cache({limitBytes: 10});
    const {signal} = new AbortController();
    await expect(cache.place({job: 'one', travel: planned.travel}, noBundle, signal)).rejects.toThrow(
      /and 10 are allowed here/,
    );
  });
});

function noBundle(): AsyncIterable<Uint8Array> {
  throw new Error('no bundle was to be asked for');
}

/** A worker's process, which is killed while it fetches. */
const KILLED = `
const {Git} = await import('./src/git/git.ts');
const {RepositoryCache} = await import('./src/pool/travel/cache.ts');
const options = {git: new Git(process.env), folder: process.env.FOLDER, protocols: ['http'], limitBytes: ${LIMIT}};
const travel = JSON.parse(process.env.TRAVEL);
await new RepositoryCache(options).place({job: 'killed', travel}, () => [], new AbortController().signal);
`;
