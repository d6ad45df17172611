import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, expect, it} from 'vitest';
import type {Worktree} from '../../src/delegation/model/worktree.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';

const EXCHANGER = fileURLToPath(new URL('../support/exchanger.js', import.meta.url));
/** Without what is tested here, one in three to one in twenty leads outside. */
const ROUNDS = process.env.TEST_ALL === '1' ? 200 : 10;
const TIMEOUT_MS = ROUNDS * 4_000;
const SECRET = 'sesame';
const NUMBERS = [...Array(30).keys()];

let base: string;
let repository: Repository;
let worktrees: GitWorktrees;
/** What no commit may have, and nobody may change. */
let outside: Repository;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-exchanged-')));
  repository = Repository.create(join(base, 'shop'), {
    home: base,
    files: {'file.txt': 'f\n', ...inFolder(() => 'before\n')},
  });
  worktrees = new GitWorktrees({root: join(base, 'worktrees'), env: gitEnvironment(base)});
  outside = new Repository(join(base, 'outside'), base);
  outside.write({'file.txt': SECRET, [`${SECRET}.txt`]: SECRET, ...inFolder((n) => `${SECRET} ${n}`)});
  outside.write({'folder/inner/deep.txt': SECRET, [`folder/${SECRET}.txt`]: SECRET});
});

afterEach(() => rmSync(base, {recursive: true, force: true}));

function inFolder(content: (n: number) => string): Record<string, string> {
  return Object.fromEntries(NUMBERS.map((n) => [`folder/${n}.txt`, content(n)]));
}

/** Somebody exchanges these names in a worktree for links to those of the same names outside. */
async function whileExchanging<Result>(
  {path}: Pick<Worktree, 'path'>,
  names: readonly string[],
  use: () => Promise<Result>,
): Promise<Result> {
  const given = names.flatMap((name) => [join(path, name), join(outside.path, name)]);
  const aside = mkdtempSync(join(base, 'aside-'));
  const stdio: ['pipe', 'pipe', 'inherit'] = ['pipe', 'pipe', 'inherit'];
  const exchanger: ChildProcess = spawn(process.execPath, [EXCHANGER, aside, ...given], {stdio});
  await once(exchanger.stdout ?? exchanger, 'data');
  try {
    return await use();
  } finally {
    const ended = once(exchanger, 'exit');
    exchanger.stdin?.end();
    await ended;
  }
}

/** A new one in each round. */
async function placed(round: number): Promise<Worktree> {
  const letter = (n: number) => String.fromCharCode(97 + n);
  const id = `swift-amber-${letter(Math.floor(round / 26))}${letter(round % 26)}`;
  return worktrees.place(await worktrees.plan(repository.path), {...OF, id});
}

function objects(): string {
  return repository.git('cat-file', '--batch', '--batch-all-objects');
}

function filesOutside(): readonly string[] {
  return readdirSync(outside.path, {recursive: true, encoding: 'utf8'}).sort();
}

it.each([
  ['the worktree', ['']],
  ['a folder and a file in it', ['folder', 'file.txt']],
])(
  'nothing from outside is committed or named while somebody exchanges %s',
  {timeout: TIMEOUT_MS},
  async (_, names) => {
    const before = filesOutside();
    const found = {content: 0, names: 0};
    for (let round = 0; round < ROUNDS; round++) {
      const worktree = await worktrees.open(await placed(round), NEVER);
      const files = {'file.txt': `${round}`, ...inFolder((n) => `after ${round} ${n}\n`)};
      new Repository(worktree.path, base).write(files);
      const settled = await whileExchanging(worktree, names, () => worktrees.settle(worktree, WORK));
      if (JSON.stringify(settled).includes(SECRET)) found.names += 1;
      if (objects().includes(SECRET)) {
        found.content += 1;
        rmSync(repository.path, {recursive: true});
        repository = Repository.create(repository.path, {
          home: base,
          files: {'file.txt': 'f\n', ...inFolder(() => 'before\n')},
        });
      }
    }
    expect(found).toEqual({content: 0, names: 0});
    expect(filesOutside()).toEqual(before);
  },
);

it.each([
  ['the worktree', ['']],
  ['a folder in it', ['folder']],
])(
  'nothing outside is removed with a worktree while somebody exchanges %s',
  {timeout: TIMEOUT_MS},
  async (_, names) => {
    const before = filesOutside();
    for (let round = 0; round < ROUNDS; round++) {
      const worktree = await worktrees.open(await placed(round), NEVER);
      await whileExchanging(worktree, names, () => worktrees.settle(worktree, WORK));
      expect(filesOutside(), `round ${round}`).toEqual(before);
    }
  },
);

it.each([
  ['the worktree', ['']],
  ['a folder in it', ['folder']],
])(
  'nothing is written outside while a worktree is made and somebody exchanges %s',
  {timeout: TIMEOUT_MS},
  async (_, names) => {
    for (let round = 0; round < ROUNDS; round++) {
      rmSync(outside.path, {recursive: true});
      mkdirSync(join(outside.path, 'folder'), {recursive: true});
      const place = await placed(round);
      await whileExchanging(place, names, () => worktrees.open(place, NEVER).catch(() => {}));
      expect(filesOutside(), `round ${round}`).toEqual(['folder']);
    }
  },
);

it('a worktree is neither made nor settled through a link in place of the folder of its project', async () => {
  mkdirSync(join(base, 'worktrees'));
  symlinkSync(outside.path, join(base, 'worktrees', OF.project));
  const place = worktrees.place(await worktrees.plan(repository.path), OF);
  const before = filesOutside();
  await expect(worktrees.open(place, NEVER)).rejects.toThrow(/worktrees\/shop is not a folder, but a link/);
  expect((await worktrees.settle(place, WORK)).worktree.outcome).toMatchObject({is: 'kept'});
  expect(filesOutside()).toEqual(before);
});

it('filters of the person run in the copy of what has changed, and nowhere else', async () => {
  const ran = join(base, 'ran');
  repository.git('config', '--global', 'filter.own.clean', `pwd >> '${ran}'; tr a-z A-Z`);
  repository.write({'.gitattributes': '*.up filter=own\n', 'a.up': 'a', 'b.up': 'b'});
  repository.commit('filtered');
  const worktree = await worktrees.open(await placed(0), NEVER);
  new Repository(worktree.path, base).write({'a.up': 'changed', 'b.up': 'B', 'c.up': 'new'});
  rmSync(ran);
  const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
  expect(settled.outcome).toMatchObject({is: 'kept', notes: []});
  expect(filesChanged).toEqual(['a.up', 'c.up']);
  expect(repository.git('show', `${worktree.branch}:a.up`, `${worktree.branch}:c.up`)).toBe('CHANGEDNEW');
  const places = new Set(readFileSync(ran, 'utf8').trim().split('\n'));
  expect([...places]).toEqual([expect.stringContaining(join(base, '.worktrees', OF.project))]);
});

it('nothing is left beside the worktrees, whatever becomes of one', async () => {
  const kept = await worktrees.open(await placed(0), NEVER);
  new Repository(kept.path, base).write({'file.txt': 'after'});
  await worktrees.settle(kept, WORK);
  await worktrees.settle(await worktrees.open(await placed(1), NEVER), WORK);
  await expect(worktrees.open({...(await placed(2)), base: 'none'}, NEVER)).rejects.toThrow();
  expect(readdirSync(base).sort()).toEqual(['outside', 'shop', 'worktrees']);
});

it('a link that an agent has made is committed as a link, and removed as one', async () => {
  const worktree = await worktrees.open(await placed(0), NEVER);
  const link = join(worktree.path, 'link');
  symlinkSync(outside.path, link);
  await worktrees.settle(worktree, WORK);
  expect(repository.git('cat-file', 'blob', `${worktree.branch}:link`)).toBe(readlinkSync(link));
  const before = filesOutside();
  const empty = await worktrees.open(await placed(1), NEVER);
  repository.write({'.git/info/exclude': 'ignored\n'});
  symlinkSync(outside.path, join(empty.path, 'ignored'));
  expect((await worktrees.settle(empty, WORK)).worktree.outcome).toEqual({is: 'removed'});
  expect(filesOutside()).toEqual(before);
});
