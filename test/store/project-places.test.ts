import {execFileSync} from 'node:child_process';
import {
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';
import {aDelegation, anEnd} from '../support/fakes.ts';
import {ProjectStage} from '../support/project-stage.ts';

let stage: ProjectStage;
let root: string;
let data: string;

beforeEach(() => {
  stage = new ProjectStage();
  ({root, data} = stage);
});

const store = () => stage.store();
const projectOf = (directory: string) => stage.projectOf(directory);
const folder = (name: string) => stage.folder(name);
const repository = (name: string) => stage.repository(name);
const fresh = (name: string, origin?: string) => stage.fresh(name, origin);
const clone = (from: string, to: string) => stage.clone(from, to);

describe('a place that is used again', () => {
  const remove = (name: string) => rmSync(join(root, name), {recursive: true});
  const move = (from: string, to: string) => renameSync(join(root, from), join(root, to));

  it.each([
    ['a repository', repository],
    ['a folder', folder],
  ])('has another project where what was there was moved: %s', async (_, make) => {
    make('app');
    const before = await projectOf(join(root, 'app'));
    move('app', 'app-old');
    make('app');
    const after = await projectOf(join(root, 'app'));
    expect(after).not.toBe(before);
    expect(after).toMatch(/^app-/);
    expect(await projectOf(join(root, 'app-old'))).toBe(before);
    expect(await projectOf(join(root, 'app'))).toBe(after);
    // Also when each is back where the other one was.
    move('app', 'app-new');
    move('app-old', 'app');
    expect(await projectOf(join(root, 'app'))).toBe(before);
    expect(await projectOf(join(root, 'app-new'))).toBe(after);
  });

  it('has another project after a clone of another origin, and a new clone of the first finds its own', async () => {
    const [one, two] = ['https://example.org/one', 'https://example.org/two'];
    const first = await projectOf(fresh('app', one).path);
    remove('app');
    const second = await projectOf(fresh('app', two).path);
    expect(second).not.toBe(first);
    expect(await projectOf(fresh('one again', one).path)).toBe(first);
    expect(await projectOf(fresh('two again', two).path)).toBe(second);
    remove('app');
    expect(await projectOf(fresh('app', one).path)).toBe(first);
    expect(await projectOf(join(root, 'two again'))).toBe(second);
  });

  it('has the same project after a new clone of the same origin, also of one on this machine', async () => {
    const template = repository('template').path;
    clone(template, 'app');
    const project = await projectOf(join(root, 'app'));
    remove('app');
    clone(template, 'app');
    expect(await projectOf(join(root, 'app'))).toBe(project);
  });

  it('has another project after a repository without an origin, whose records stay where they are', async () => {
    const before = await projectOf(fresh('app').path);
    const one = store();
    const id = 'swift-amber-otter';
    await one.create(aDelegation({id, project: before, directory: join(root, 'app'), state: anEnd()}));
    remove('app');
    expect(await projectOf(fresh('app').path)).not.toBe(before);
    const there = await projectOf(join(data, before));
    expect(there).toBe(before);
    expect((await store().list(there)).heads.map((head) => head.id)).toEqual([id]);
    expect((await store().read(there, id))?.id).toBe(id);
  });

  it('keeps its project where an earlier version has not written down what was there', async () => {
    const {path} = fresh('app');
    const project = await projectOf(path);
    for (const name of readdirSync(join(data, '.projects'))) {
      const file = join(data, '.projects', name);
      const {is: _, ...note} = JSON.parse(readFileSync(file, 'utf8'));
      if (note.of.startsWith('place')) writeFileSync(file, JSON.stringify(note));
      else rmSync(file);
    }
    expect(await projectOf(path)).toBe(project);
    remove('app');
    expect(await projectOf(fresh('app').path)).not.toBe(project);
  });
});

describe('a repository that is elsewhere now', () => {
  const copy = (from: string, to: string) => execFileSync('cp', ['-a', join(root, from), join(root, to)]);

  it('keeps its project on another file system, to which it was copied, and a copy beside it has its own', async () => {
    const project = await projectOf(repository('shop').path);
    copy('shop', 'copied');
    const other = await projectOf(join(root, 'copied'));
    expect(other).not.toBe(project);
    copy('shop', 'moved');
    rmSync(join(root, 'shop'), {recursive: true});
    expect(await projectOf(join(root, 'moved'))).toBe(project);
    copy('copied', 'copied again');
    expect(new Set([project, other, await projectOf(join(root, 'copied again'))]).size).toBe(3);
    expect(await projectOf(join(root, 'moved'))).toBe(project);
  });

  it('keeps its project when it is put back from a backup', async () => {
    const project = await projectOf(repository('shop').path);
    copy('shop', 'backup');
    rmSync(join(root, 'shop'), {recursive: true});
    // Archives know no more than seconds.
    const file = join(root, 'backup', '.git', 'description');
    const seconds = Math.floor(statSync(file).mtimeMs / 1_000);
    utimesSync(file, seconds, seconds);
    copy('backup', 'shop');
    expect(await projectOf(join(root, 'shop'))).toBe(project);
  });

  it('leaves its project to a folder that was in it, and to that of a worktree that is removed', async () => {
    const shop = repository('shop');
    const tree = join(root, 'tree');
    shop.git('worktree', 'add', '--quiet', tree, '-b', 'side');
    const inner = folder('shop/inner');
    const project = await projectOf(inner);
    expect(await projectOf(tree)).toBe(project);
    shop.git('worktree', 'remove', '--force', tree);
    expect(await projectOf(tree)).toBe(project);
    expect(await projectOf(folder('tree'))).toBe(project);
    rmSync(join(shop.path, '.git'), {recursive: true});
    expect(await projectOf(inner)).toBe(project);
    expect(await projectOf(shop.path)).toBe(project);
    expect(await projectOf(folder('shop/never used'))).not.toBe(project);
  });
});

describe('clones on one machine', () => {
  it('share the project of a bare repository, and that of a folder in which somebody has delegated', async () => {
    const shop = repository('shop');
    shop.git('clone', '--quiet', '--bare', shop.path, join(root, 'hub.git'));
    for (const name of ['one', 'two']) clone(join(root, 'hub.git'), name);
    const project = await projectOf(join(root, 'one'));
    expect(await projectOf(join(root, 'two'))).toBe(project);
    clone(join(root, 'one'), 'for a feature');
    expect(await projectOf(join(root, 'for a feature'))).toBe(project);
  });

  it('do not share that of a folder in which nobody has, for it is a template, nor do copies of it', async () => {
    repository('template');
    for (const name of ['one', 'two']) clone(join(root, 'template'), name);
    cpSync(join(root, 'one'), join(root, 'copied'), {recursive: true});
    const all = ['one', 'two', 'copied', 'template'].map((name) => join(root, name));
    const projects: string[] = [];
    for (const place of all) projects.push(await projectOf(place));
    expect(new Set(projects).size).toBe(all.length);
  });

  it('are none of what only another remote names: a fork, and what was made of a template', async () => {
    const url = 'https://example.org/acme/lib';
    const made = ['origin', 'upstream', 'template'].map((remote) => {
      const one = fresh(`has ${remote}`);
      one.git('remote', 'add', remote, url);
      return one.path;
    });
    expect(new Set(await Promise.all(made.map(projectOf))).size).toBe(made.length);
  });
});
