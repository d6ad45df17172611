import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {delimiter, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {FakeLog} from '../support/fakes.ts';
import {ProjectStage} from '../support/project-stage.ts';
import {Repository} from '../support/repository.ts';

let stage: ProjectStage;
let root: string;
let data: string;

beforeEach(() => {
  stage = new ProjectStage();
  ({root, data} = stage);
});

const store = (log?: FakeLog) => stage.store(log);
const projectOf = (directory: string) => stage.projectOf(directory);
const folder = (name: string) => stage.folder(name);
const repository = (name: string) => stage.repository(name);
const fresh = (name: string, origin?: string) => stage.fresh(name, origin);
const clone = (from: string, to: string) => stage.clone(from, to);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the project of a directory', () => {
  it('has a name that people can read', async () => {
    expect(await projectOf(repository('shop').path)).toMatch(/^shop-[0-9a-f]{8}$/);
    expect(await projectOf(folder('My Notes & Things'))).toMatch(/^my-notes-things-[0-9a-f]{8}$/);
    expect(await projectOf(folder('プロジェクト'))).toMatch(/^[0-9a-f]{8}$/);
    expect(await projectOf(folder('x'.repeat(200)))).toMatch(/^x{40}-[0-9a-f]{8}$/);
    expect(await projectOf(join(root, 'was here'))).toMatch(/^was-here-[0-9a-f]{8}$/);
  });

  it('is another one for each folder and each repository', async () => {
    const all = [
      ...[repository('one').path, repository('two').path, folder('notes'), folder('elsewhere/notes')],
      // One repository in another is one of its own.
      fresh('one/vendor/inner').path,
    ];
    expect(new Set(await Promise.all(all.map(projectOf))).size).toBe(all.length);
  });

  it('is the same through a link, from a subdirectory, a worktree, the repository itself, and a clone', async () => {
    const origin = repository('shop');
    origin.git('worktree', 'add', '--quiet', join(root, 'a tree'), '-b', 'side');
    symlinkSync(origin.path, join(root, 'link'));
    clone(origin.path, 'a clone');
    clone(join(root, 'a clone'), 'a clone of the clone');
    const project = await projectOf(origin.path);
    expect(project).toMatch(/^shop-/);
    expect(await projectOf(join(root, 'a clone'))).toBe(project);
    expect(await projectOf(join(root, 'a clone of the clone'))).toBe(project);
    for (const place of [
      ...['shop', 'link', 'a tree', 'a clone', 'shop/.git/hooks'].map((name) => join(root, name)),
      folder('shop/deep/in side'),
    ]) {
      expect(await projectOf(place)).toBe(project);
    }
  });

  it('is the same for two clones of what is elsewhere, whatever the protocol, also when one is gone', async () => {
    const [one, two, three] = [fresh('one'), fresh('two'), fresh('three')];
    one.git('remote', 'add', 'origin', 'git@example.org:team/shop.git');
    two.git('remote', 'add', 'origin', 'https://ada:secret@example.org/team/shop');
    three.git('remote', 'add', 'origin', 'ssh://git@example.org:22/team/shop.git/');
    const project = await projectOf(one.path);
    expect(await projectOf(two.path)).toBe(project);
    rmSync(one.path, {recursive: true});
    expect(await projectOf(three.path)).toBe(project);
    const written = readdirSync(join(data, '.projects')).map((name) =>
      readFileSync(join(data, '.projects', name), 'utf8'),
    );
    expect(written.join()).not.toContain('secret');
  });

  it('is shared by a clone that is made when the repository has got an origin later', async () => {
    const one = fresh('one');
    const project = await projectOf(one.path);
    one.git('remote', 'add', 'origin', 'https://example.org/one.git');
    expect(await projectOf(one.path)).toBe(project);
    const two = fresh('two');
    two.git('remote', 'add', 'origin', 'https://example.org/one.git');
    expect(await projectOf(two.path)).toBe(project);
  });

  it('is not shared by forks, nor by what was made of one template', async () => {
    const template = repository('template');
    const url = 'https://example.org/template.git';
    const made = ['first', 'second', 'third'].map((name) => {
      const copy = clone(template.path, name);
      copy.git('remote', 'set-url', 'origin', url);
      return copy;
    });
    const projects: string[] = [];
    for (const [n, copy] of made.entries()) {
      // Each is used first as it was cloned, and then gets an origin of its own, or none.
      projects.push(await projectOf(copy.path));
      if (n === 1) copy.git('remote', 'remove', 'origin');
      else copy.git('remote', 'set-url', 'origin', `https://example.org/${n}.git`);
      expect(await projectOf(copy.path)).toBe(projects[n]);
    }
    cpSync(template.path, join(root, 'copied'), {recursive: true});
    projects.push(await projectOf(template.path), await projectOf(join(root, 'copied')));
    expect(new Set(projects).size).toBe(5);
  });

  it('stays through all that happens to a history', async () => {
    const shop = fresh('shop');
    const project = await projectOf(shop.path);
    const stays = async () => expect(await projectOf(shop.path)).toBe(project);
    shop.write({'a.txt': 'a'});
    shop.commit('first');
    await stays();
    shop.git('checkout', '--quiet', '--orphan', 'pages');
    shop.commit('another root');
    await stays();
    shop.git('merge', '--quiet', '--allow-unrelated-histories', '-m', 'merge', 'main');
    await stays();
    shop.git('checkout', '--quiet', 'main');
    shop.git('commit', '--quiet', '--amend', '-m', 'a rewritten root');
    await stays();
    rmSync(join(shop.path, '.git'), {recursive: true});
    await stays();
    shop.git('init', '--quiet');
    await stays();
    const hollow = Repository.create(join(root, 'hollow'), {home: root});
    hollow.commit('second');
    const shallow = join(root, 'shallow');
    new Repository(root, root).git('clone', '--quiet', '--depth=1', `file://${hollow.path}`, shallow);
    const before = await projectOf(shallow);
    new Repository(shallow, root).git('fetch', '--quiet', '--unshallow');
    expect(await projectOf(shallow)).toBe(before);
  });

  it('stays when a folder becomes a repository, and is that of all in it', async () => {
    const notes = folder('notes');
    const project = await projectOf(notes);
    const inner = folder('notes/inner');
    const own = await projectOf(inner);
    new Repository(notes, root).git('init', '--quiet');
    expect(await projectOf(notes)).toBe(project);
    expect(await projectOf(folder('notes/new'))).toBe(project);
    expect(await projectOf(inner)).toBe(own);
  });

  it('goes along with a folder that is moved', async () => {
    const [shop, notes] = [repository('shop').path, folder('notes')];
    const projects = [await projectOf(shop), await projectOf(notes)];
    renameSync(shop, join(root, 'bazaar'));
    renameSync(notes, join(root, 'papers'));
    expect([await projectOf(join(root, 'bazaar')), await projectOf(join(root, 'papers'))]).toEqual(projects);
  });

  it('is another one where another repository takes its place, and the first keeps its own', async () => {
    const old = await projectOf(repository('app').path);
    renameSync(join(root, 'app'), join(root, 'app-old'));
    const now = await projectOf(repository('app').path);
    expect(now).not.toBe(old);
    expect([await projectOf(join(root, 'app')), await projectOf(join(root, 'app-old'))]).toEqual([now, old]);
    renameSync(join(root, 'app'), join(root, 'app-2'));
    const third = await projectOf(repository('app').path);
    expect(new Set([old, now, third]).size).toBe(3);
    expect(await projectOf(join(root, 'app-2'))).toBe(now);
  });

  it('is another one where a clone of something else takes its place, and the first is found by its origin', async () => {
    const at = (name: string, origin: string) => {
      const made = fresh(name);
      made.git('remote', 'add', 'origin', `https://example.org/${origin}`);
      return made.path;
    };
    const first = await projectOf(at('shop', 'one'));
    rmSync(join(root, 'shop'), {recursive: true});
    const second = await projectOf(at('shop', 'two'));
    expect(second).not.toBe(first);
    expect(await projectOf(at('one again', 'one'))).toBe(first);
    expect(await projectOf(at('two again', 'two'))).toBe(second);
  });

  it('stays where the same is cloned again, or brought back with its times', async () => {
    const shop = fresh('shop');
    shop.git('remote', 'add', 'origin', 'https://example.org/shop');
    const notes = repository('notes').path;
    const projects = [await projectOf(shop.path), await projectOf(notes)];
    rmSync(shop.path, {recursive: true});
    fresh('shop').git('remote', 'add', 'origin', 'https://example.org/shop');
    cpSync(notes, join(root, 'copy'), {recursive: true, preserveTimestamps: true});
    rmSync(notes, {recursive: true});
    cpSync(join(root, 'copy'), notes, {recursive: true, preserveTimestamps: true});
    expect([await projectOf(shop.path), await projectOf(notes)]).toEqual(projects);
  });

  it('is not that of the only remote where its name says that it is another repository', async () => {
    const [one, two] = [fresh('one'), fresh('two')];
    for (const made of [one, two]) made.git('remote', 'add', 'upstream', 'https://example.org/lib');
    expect(await projectOf(one.path)).not.toBe(await projectOf(two.path));
  });

  it('is not what an inherited GIT_DIR or a git that hangs says: none is run', async () => {
    const [one, two] = [repository('one'), repository('two')];
    const bin = folder('bin');
    writeFileSync(join(bin, 'git'), `#!/bin/sh\ntouch '${join(root, 'ran')}'\nsleep 600\n`);
    chmodSync(join(bin, 'git'), 0o755);
    vi.stubEnv('GIT_DIR', join(one.path, '.git'));
    vi.stubEnv('GIT_WORK_TREE', one.path);
    vi.stubEnv('PATH', `${bin}${delimiter}${process.env.PATH}`);
    const project = await projectOf(one.path);
    expect(await projectOf(two.path)).not.toBe(project);
    expect(await projectOf(folder('notes'))).not.toBe(project);
    expect(existsSync(join(root, 'ran'))).toBe(false);
  });

  it('is one for all who ask at once', async () => {
    const places = ['one', 'two', 'three'].map((name) => {
      const copy = fresh(name);
      copy.git('remote', 'add', 'origin', 'https://example.org/shop.git');
      return copy.path;
    });
    const asked = await Promise.all([...places, ...places, ...places].map(projectOf));
    expect(new Set(asked).size).toBe(1);
    expect(await projectOf(places[2] ?? '')).toBe(asked[0]);
  });

  it('is known where nothing can be written, and in a folder with a .git that is none', async () => {
    mkdirSync(data);
    writeFileSync(join(data, '.projects'), 'a file');
    const log = new FakeLog();
    const shop = repository('shop').path;
    const project = await store(log).projectOf(shop);
    expect(project).toMatch(/^shop-/);
    expect(log.lines.join('\n')).toContain('was not written down');
    expect(await projectOf(shop)).toBe(project);
    rmSync(data, {recursive: true});
    for (const [name, content] of [
      ['torn', 'gitdir: /no/such/place'],
      ['empty', ''],
    ] as const) {
      writeFileSync(join(folder(name), '.git'), content);
      expect(await projectOf(join(root, name))).toMatch(new RegExp(`^${name}-`));
    }
  });
});
