import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type Way, wayOut} from '../../src/opencode/keeper/way-out.ts';

describe('a path that begins in a worktree', () => {
  let base: string;
  let tree: string;
  let roots: readonly string[];
  const leads = (path: string, way: Way = 'followed') => wayOut(path, {roots, way});

  beforeAll(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-way-out-')));
    tree = join(base, 'trees', 'project', 'one');
    for (const folder of [join(tree, 'sub'), join(base, 'trees/project/two'), join(base, 'beside/deep')])
      mkdirSync(folder, {recursive: true});
    symlinkSync(join(base, 'trees'), join(base, 'alias'));
    roots = [join(base, 'alias'), join(base, 'trees')];
    symlinkSync('../../../beside/deep', join(tree, 'out'));
    symlinkSync('../two', join(tree, 'two'));
    symlinkSync('../../../not-yet', join(tree, 'dangling'));
    symlinkSync('sub', join(tree, 'within'));
    symlinkSync('nowhere', join(tree, 'later'));
    symlinkSync('loop', join(tree, 'loop'));
  });

  afterAll(() => rmSync(base, {recursive: true}));

  it.each(['a.txt', 'sub/new/b.txt', 'within/c.txt', 'later', 'sub/../a.txt', '.', 'new/../a.txt'])(
    'and stays in it: %s',
    (path) => {
      for (const root of roots) expect(leads(`${root}/project/one/${path}`)).toBeUndefined();
    },
  );

  it.each([
    ['out/x.txt', 'beside/deep/x.txt'],
    ['out', 'beside/deep'],
    ['./out//x.txt', 'beside/deep/x.txt'],
    // To rules, these two are names in the worktree, and outside of it.
    ['out/../x.txt', 'beside/x.txt'],
    ['out/../../x.txt', 'x.txt'],
    ['dangling', 'not-yet'],
    ['two/x.txt', 'trees/project/two/x.txt'],
  ])('and leads out: %s', (path, end) => {
    for (const root of roots) expect(leads(`${root}/project/one/${path}`)).toBe(join(base, end));
  });

  it('may be written so that it does not seem to begin there', () => {
    expect(leads(`${base}/beside/../trees/project/one/out/x.txt`)).toBe(join(base, 'beside/deep/x.txt'));
  });

  it('may name a link, which stays where it is, for what does not follow it', () => {
    expect(leads(join(tree, 'out'), 'to the link')).toBeUndefined();
    expect(leads(join(tree, 'out/x.txt'), 'to the link')).toBe(join(base, 'beside/deep/x.txt'));
  });

  it('may say itself that it leaves the worktree: that is for rules to judge', () => {
    expect(leads(`${tree}/../../../beside/x.txt`)).toBeUndefined();
  });

  it('is not guessed at where it cannot be followed', () => {
    expect(() => leads(join(tree, 'loop'))).toThrow('ELOOP');
  });

  it('is the only one that is looked at', () => {
    for (const path of [join(base, 'trees/project'), join(base, 'alias'), join(base, 'beside'), 'out'])
      expect(leads(path)).toBeUndefined();
  });
});
