import {execFileSync} from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Worktree} from '../../src/delegation/model/worktree.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';
import {NO_COMMIT, writtenRepository} from '../support/written-repository.ts';

let base: string;
let repository: Repository;
let worktrees: GitWorktrees;
/** Is there as soon as the filter of a repository in a worktree ran. */
let canary: string;
/** Where git tells which programs it starts. */
let trace: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-programs-')));
  canary = join(base, 'canary');
  trace = join(base, 'trace');
  repository = Repository.create(join(base, 'shop'), {home: base});
  repository.git('update-index', '--add', '--cacheinfo', `160000,${NO_COMMIT},sub`);
  repository.git('commit', '--quiet', '-m', 'with a submodule');
  worktrees = new GitWorktrees({root: join(base, 'worktrees'), env: gitEnvironment(base)});
});

afterEach(() => rmSync(base, {recursive: true, force: true}));

async function open(of = OF): Promise<Worktree> {
  return worktrees.open(worktrees.place(await worktrees.plan(repository.path), of), NEVER);
}

/** As a person types it: what fails has run what it ran. */
function plainly(directory: string, ...args: readonly string[]): void {
  try {
    execFileSync('git', args, {cwd: directory, env: gitEnvironment(base), stdio: 'pipe'});
  } catch {}
}

/** The programs that git has started, with their first argument. */
function started(): readonly string[] {
  const events = readFileSync(trace, 'utf8').trim().split('\n');
  const children = events.map((line) => JSON.parse(line)).filter(({event}) => event === 'child_start');
  return [...new Set(children.map(({argv}) => argv.slice(0, 2).join(' ')))].sort();
}

describe('no git runs in a repository that lies in a worktree', () => {
  it('where an agent without a shell has written one into the empty folder of a submodule', async () => {
    const victim = await open({...OF, id: 'idle-amber-otter'});
    const worktree = await open();
    for (const {path} of [victim, worktree]) {
      new Repository(join(path, 'sub'), base).write(writtenRepository(canary));
      new Repository(path, base).write({'other.txt': 'other\n'});
    }
    plainly(victim.path, 'add', '--all');
    expect(existsSync(canary)).toBe(true);
    rmSync(canary);

    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(filesChanged).toEqual(['other.txt']);
    expect(settled.outcome).toMatchObject({
      is: 'kept',
      notes: [
        'Not looked into, as an agent can have written what git would run there: sub. What was changed in such a repository is only in its folder.',
      ],
    });
    expect(existsSync(canary)).toBe(false);
  });

  it('where it was made by one delegation and changed by the next', async () => {
    const first = await open();
    const made = Repository.create(join(first.path, 'made'), {home: base});
    const {worktree: settled} = await worktrees.settle(first, WORK);
    const again = await worktrees.reopen(settled);
    made.git('config', 'filter.evil.clean', `touch '${canary}'; cat`);
    made.write({'.gitattributes': '* filter=evil\n', 'a.txt': 'b\n'});
    expect((await worktrees.settle(again, WORK)).worktree.outcome).toMatchObject({is: 'kept'});
    expect(existsSync(canary)).toBe(false);
    plainly(again.path, 'add', '--all');
    expect(existsSync(canary)).toBe(true);
  });

  it('in the whole life of a worktree, and git starts nothing but parts of itself', async () => {
    repository.git('config', '--global', 'trace2.eventTarget', trace);
    const planned = await open();
    expect((await worktrees.settle(planned, WORK)).worktree.outcome).toEqual({is: 'removed'});
    const worktree = await open();
    const programs = join(base, 'program');
    writeFileSync(programs, `#!/bin/sh\ntouch '${canary}'\ncat\n`);
    chmodSync(programs, 0o755);
    new Repository(join(worktree.path, 'sub'), base).write(writtenRepository(canary));
    const made = Repository.create(join(worktree.path, 'made'), {home: base});
    appendFileSync(join(made.path, '.git', 'config'), `[core]\n\tfsmonitor = ${programs}\n`);
    new Repository(worktree.path, base).write({'b.txt': 'b\n', 'made/a.txt': 'changed\n'});
    // What the test itself has run is not asked about.
    rmSync(trace);
    const {worktree: settled} = await worktrees.settle(worktree, WORK);
    await worktrees.find(OF);
    const again = await worktrees.reopen(settled);
    new Repository(worktree.path, base).write({'b.txt': 'c\n'});
    const {worktree: last} = await worktrees.settle(again, WORK);
    rmSync(worktree.path, {recursive: true});
    await worktrees.settle(last, WORK);
    repository.git('worktree', 'prune');
    await worktrees.reopen(last);
    expect(existsSync(canary)).toBe(false);
    expect(started()).toEqual(['git symbolic-ref']);
  });
});
