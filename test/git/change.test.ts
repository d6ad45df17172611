import {chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Worktree} from '../../src/delegation/model/worktree.ts';
import {type Applied, applyChange} from '../../src/git/apply.ts';
import {patchOf, withChange} from '../../src/git/change.ts';
import {dropWorktree, unmergedIn} from '../../src/git/drop.ts';
import {Git} from '../../src/git/git.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {filesIn} from '../support/files.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';

const LONG = Array.from({length: 20}, (_, n) => `line ${n}\n`).join('');

let base: string;
let repository: Repository;
let worktree: Worktree;
/** The worktree, as an agent has it. */
let work: Repository;
let git: Git;
let worktrees: GitWorktrees;

const place = () => ({git, root: join(base, 'worktrees')});
const settled = async () => (await worktrees.settle(worktree, WORK)).worktree;
const apply = (allowsDirty = false): Promise<Applied> =>
  withChange(place(), worktree, (change) =>
    applyChange(git, change, {directory: repository.path, allowsDirty}),
  );
const patch = () =>
  withChange(place(), worktree, async (change) =>
    readFile(await patchOf(change, [change.base, change.tree]), 'latin1'),
  );
const unmerged = (of: Worktree) => withChange(place(), of, (change) => unmergedIn(git, of, change));
const read = (name: string) => readFileSync(join(repository.path, name), 'latin1');

beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-change-of-')));
  repository = Repository.create(join(base, 'my shop'), {
    home: base,
    files: {
      'a.txt': LONG,
      'b.txt': 'b\n',
      'old name.txt': LONG.replaceAll('line', 'row'),
      'gone.txt': 'gone\n',
    },
  });
  writeFileSync(join(repository.path, 'image.bin'), Buffer.from([0, 1, 2, 255]));
  repository.commit('second');
  git = new Git(gitEnvironment(base));
  worktrees = new GitWorktrees({root: join(base, 'worktrees'), env: gitEnvironment(base)});
  worktree = await worktrees.open(worktrees.place(await worktrees.plan(repository.path), OF), NEVER);
  work = new Repository(worktree.path, base);
});

afterEach(() => rmSync(base, {recursive: true, force: true}));

function commitOf({outcome}: Worktree): string | undefined {
  return outcome?.is === 'kept' ? outcome.commit : undefined;
}

/** Changes of every kind. */
function changeAll(): void {
  work.write({'a.txt': LONG.replace('line 2\n', 'line two\n'), 'in a folder/ü new.txt': 'new\r\n'});
  writeFileSync(join(work.path, 'image.bin'), Buffer.from([255, 10, 13, 0, 13]));
  work.git('mv', 'old name.txt', 'new name.txt');
  rmSync(join(work.path, 'gone.txt'));
  writeFileSync(join(work.path, 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(work.path, 'run.sh'), 0o755);
}

/** What the checkout holds to the letter, with all that git knows of it. */
function everything(): unknown {
  return {files: filesIn(repository.path), refs: repository.git('for-each-ref')};
}

describe('the change of a worktree', () => {
  it('is what is committed and what is not, and to look at it writes nothing', async () => {
    changeAll();
    const before = [everything(), filesIn(worktree.path)];
    const open = await patch();
    expect(open).toContain('-line 2\n+line two\n');
    expect(open).toContain('rename from old name.txt\nrename to new name.txt\n');
    expect(open).toContain('deleted file mode 100644');
    expect(open).toMatch(/new file mode 100755/);
    expect([everything(), filesIn(worktree.path)]).toEqual(before);
    worktree = await settled();
    expect(await patch()).toBe(open);
    work.write({'b.txt': 'later\n'});
    expect(await patch()).toContain('-b\n+later\n');
  });

  it('is that of the branch when the folder is gone, and none when both are', async () => {
    changeAll();
    worktree = await settled();
    const before = await patch();
    repository.git('worktree', 'remove', '--force', worktree.path);
    expect(await patch()).toBe(before);
    repository.git('branch', '-D', worktree.branch);
    await expect(patch()).rejects.toThrow(/^Neither the worktree .* nor its branch delegation\//);
  });

  it('does not run what an agent has written for git', async () => {
    const canary = join(base, 'canary');
    const program = join(base, 'program');
    writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\ncat\n`, {mode: 0o755});
    for (const name of [
      'filter.x.clean',
      'filter.x.smudge',
      'diff.x.textconv',
      'diff.x.command',
      'merge.x.driver',
    ])
      repository.git('config', name, program);
    repository.git('config', 'core.fsmonitor', program);
    work.write({'.gitattributes': '* filter=x diff=x merge=x\n', 'a.txt': `top\n${LONG}`});
    await patch();
    worktree = await settled();
    await patch();
    repository.write({'a.txt': `${LONG}bottom\n`});
    expect(await apply(true)).toMatchObject({is: 'applied'});
    expect(await unmerged(worktree)).not.toEqual([]);
    expect(existsSync(canary)).toBe(false);
    repository.git('diff');
    expect(existsSync(canary), 'plain git runs it').toBe(true);
  });

  it('is not looked for where worktrees are not made', async () => {
    const elsewhere = {...worktree, path: repository.path, directory: repository.path};
    await expect(withChange(place(), elsewhere, async () => {})).rejects.toThrow(/is not where worktrees/);
  });
});

describe('a change that is applied', () => {
  it('is in the files of a clean checkout, whatever its kind, and nothing is committed or staged', async () => {
    changeAll();
    worktree = await settled();
    work.write({'b.txt': 'not committed\n'});
    const head = repository.git('rev-parse', 'HEAD');
    expect(await apply()).toEqual({
      is: 'applied',
      files: [
        ...['a.txt', 'b.txt', 'gone.txt', 'image.bin', 'in a folder/ü new.txt'],
        ...['new name.txt', 'old name.txt', 'run.sh'],
      ],
      notes: [],
    });
    for (const name of ['a.txt', 'b.txt', 'in a folder/ü new.txt', 'new name.txt', 'image.bin', 'run.sh'])
      expect(read(name), name).toBe(readFileSync(join(work.path, name), 'latin1'));
    for (const name of ['gone.txt', 'old name.txt'])
      expect(existsSync(join(repository.path, name)), name).toBe(false);
    expect(repository.git('rev-parse', 'HEAD')).toBe(head);
    expect(repository.git('diff', '--cached', '--name-only')).toBe('');
    expect(await apply(true)).toEqual({is: 'there', notes: []});
  });

  it('is merged with what the branch has got since, also in a file that was renamed', async () => {
    work.git('mv', 'old name.txt', 'new name.txt');
    work.write({'a.txt': LONG.replace('line 2\n', 'line two\n')});
    worktree = await settled();
    repository.write({
      'a.txt': LONG.replace('line 18\n', 'line eighteen\n'),
      'old name.txt': read('old name.txt').replace('row 3\n', 'row three\n'),
    });
    repository.commit('meanwhile');
    expect(await apply()).toMatchObject({is: 'applied'});
    expect(read('a.txt')).toMatch(/line two\n.*line eighteen\n/s);
    expect(read('new name.txt')).toContain('row three\n');
  });

  it('is refused where something is not committed, unless that is allowed; then it is merged with that', async () => {
    work.write({'a.txt': LONG.replace('line 2\n', 'line two\n')});
    worktree = await settled();
    repository.write({'a.txt': LONG.replace('line 18\n', 'line eighteen\n'), 'mine.txt': 'mine\n'});
    const before = everything();
    expect(await apply()).toEqual({is: 'dirty', files: ['a.txt', 'mine.txt']});
    expect(everything()).toEqual(before);
    expect(await apply(true)).toEqual({is: 'applied', files: ['a.txt'], notes: []});
    expect(read('a.txt')).toMatch(/line two\n.*line eighteen\n/s);
    expect(read('mine.txt')).toBe('mine\n');
  });

  it.each<[string, () => void, readonly string[]]>([
    ['one line', () => repository.write({'a.txt': LONG.replace('line 2\n', 'line zwei\n')}), ['a.txt']],
    ['a file that is deleted here', () => rmSync(join(repository.path, 'a.txt')), ['a.txt']],
    ['a file that is deleted there', () => repository.write({'gone.txt': 'stays\n'}), ['gone.txt']],
    [
      'a new file of both',
      () => repository.write({'in a folder/ü new.txt': 'mine\n'}),
      ['in a folder/ü new.txt'],
    ],
    [
      'a binary file',
      () => writeFileSync(join(repository.path, 'image.bin'), Buffer.from([0, 9, 9])),
      ['image.bin'],
    ],
  ])('that conflicts leaves everything as it was, and names the files: %s', async (_, change, files) => {
    changeAll();
    worktree = await settled();
    change();
    repository.commit('ours');
    const before = everything();
    expect(await apply()).toEqual({is: 'conflicting', files});
    expect(everything()).toEqual(before);
    repository.git('reset', '--quiet', '--soft', 'HEAD^');
    expect(await apply(true)).toEqual({is: 'conflicting', files});
  });

  it('does not write over a file that git ignores', async () => {
    repository.write({'.git/info/exclude': 'kept.txt\n', 'kept.txt': 'mine\n'});
    work.git('-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '--allow-empty', '-qm', 'x');
    work.write({'kept.txt': 'theirs\n'});
    work.git('add', '--force', 'kept.txt');
    worktree = await settled();
    expect(await apply()).toMatchObject({is: 'refused', why: expect.stringContaining('kept.txt')});
    expect(read('kept.txt')).toBe('mine\n');
  });
});

describe('a worktree that is dropped', () => {
  it('holds nothing that would be lost once its branch is merged, or its files are committed otherwise', async () => {
    changeAll();
    worktree = await settled();
    expect(await unmerged(worktree)).toEqual([`No other branch contains ${worktree.branch}.`]);
    await apply();
    expect(await unmerged(worktree)).not.toEqual([]);
    repository.commit('taken over');
    expect(await unmerged(worktree)).toEqual([]);
    repository.git('reset', '--quiet', '--hard', 'HEAD^');
    repository.git('branch', 'other', worktree.branch);
    expect(await unmerged(worktree)).toEqual([]);
    work.write({'b.txt': 'later\n'});
    expect(await unmerged(worktree)).toEqual(['Not committed: b.txt.']);
  });

  it('is gone with its branch', async () => {
    changeAll();
    worktree = await settled();
    expect(await dropWorktree(git, worktree)).toEqual([]);
    expect(existsSync(worktree.path)).toBe(false);
    expect(repository.git('branch', '--list', 'delegation/*')).toBe('');
    expect(repository.git('worktree', 'list', '--porcelain')).not.toContain(OF.id);
  });

  it.each([
    ['in the checkout', () => repository.git('checkout', '--quiet', worktree.branch)],
    [
      'in a worktree',
      () => repository.git('worktree', 'add', '--quiet', join(base, 'other'), worktree.branch),
    ],
  ])('leaves its branch where somebody has that checked out, %s', async (_, checkOut) => {
    changeAll();
    worktree = await settled();
    work.git('checkout', '--quiet', '--detach');
    checkOut();
    expect(await dropWorktree(git, worktree)).toEqual([
      `${worktree.branch} is checked out in another worktree, and stays.`,
    ]);
    expect(repository.git('rev-parse', worktree.branch)).toBe(commitOf(worktree));
  });
});
