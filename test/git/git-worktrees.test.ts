import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Worktree, worktreeCommands} from '../../src/delegation/model/worktree.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';

let base: string;
let repository: Repository;
let worktrees: GitWorktrees;

const NOT_LOOKED_INTO_LIB = /^Not looked into, .* would run there: lib\. What was changed/;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-git-')));
  repository = Repository.create(join(base, 'my shop'), {home: base});
  worktrees = worktreesWith({});
});

afterEach(() => rmSync(base, {recursive: true, force: true}));

function worktreesWith(env: Record<string, string>): GitWorktrees {
  return new GitWorktrees({root: join(base, 'worktrees'), env: {...gitEnvironment(base), ...env}});
}

async function open(directory = repository.path, of = OF): Promise<Worktree> {
  return worktrees.open(worktrees.place(await worktrees.plan(directory), of), NEVER);
}

/** What must be the same after a delegation as before: files, index, branches, stashes, where HEAD is. */
function stateOf({path, git}: Repository): unknown {
  const ask = git.bind(repository);
  return {
    files: readdirSync(path, {recursive: true, encoding: 'utf8'}).filter((name) => !name.startsWith('.git')),
    index: readFileSync(join(path, '.git', 'index')).toString('hex'),
    indexWritten: statSync(join(path, '.git', 'index')).mtimeMs,
    head: readFileSync(join(path, '.git', 'HEAD'), 'utf8'),
    main: ask('rev-parse', 'HEAD'),
    stashes: ask('stash', 'list'),
    config: readFileSync(join(path, '.git', 'config'), 'utf8'),
  };
}

function write(worktree: Worktree, name: string, content: string): void {
  new Repository(worktree.directory, base).write({[name]: content});
}

function inWorktree(worktree: Worktree): Repository {
  return new Repository(worktree.path, base);
}

/** As a person types it. */
function shell(command: string): string {
  return execFileSync('sh', ['-c', command], {env: gitEnvironment(base), encoding: 'utf8', stdio: 'pipe'});
}

function branches(): string {
  return repository.git('branch', '--list', '--format=%(refname:short)');
}

describe('a worktree', () => {
  it('starts from the commit that is checked out, on a branch of its own', async () => {
    const worktree = await open();
    expect(worktree).toEqual({
      checkout: repository.path,
      path: join(base, 'worktrees/shop/swift-amber-otter'),
      directory: join(base, 'worktrees/shop/swift-amber-otter'),
      branch: 'delegation/swift-amber-otter',
      base: repository.git('rev-parse', 'HEAD'),
      commonDir: join(repository.path, '.git'),
      gitDir: join(repository.path, '.git/worktrees/swift-amber-otter'),
    });
    expect(readFileSync(join(worktree.path, 'a.txt'), 'utf8')).toBe('a\n');
    expect(statSync(join(base, 'worktrees')).mode & 0o777).toBe(0o700);
  });

  it('in which something was changed is committed and kept, with what there is to do', async () => {
    repository.write({'a.txt': 'mine\n', 'untracked.txt': 'mine'});
    repository.git('stash', 'push', '--quiet', '--include-untracked');
    repository.write({'a.txt': 'not committed\n'});
    const before = stateOf(repository);
    const worktree = await open();
    write(worktree, 'a.txt', 'a\nb\n');
    write(worktree, 'sub/new file.txt', 'new\n');
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(filesChanged).toEqual(['a.txt', 'sub/new file.txt']);
    expect(settled.outcome).toEqual({
      is: 'kept',
      commit: repository.git('rev-parse', worktree.branch),
      diffstat: '2 files changed, 2 insertions(+)',
      notes: [],
    });
    expect(repository.git('log', '-1', '--format=%an <%ae>%n%B', worktree.branch)).toBe(
      'Ada <ada@example.org>\nMend the gate\n\nDelegation: swift-amber-otter',
    );
    expect(stateOf(repository)).toEqual(before);
  });

  it('gives commands that work', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    await worktrees.settle(worktree, WORK);
    const {look, merge, drop} = worktreeCommands(worktree);
    expect(shell(look)).toContain('+++ b/b.txt');
    shell(merge);
    expect(readFileSync(join(repository.path, 'b.txt'), 'utf8')).toBe('b\n');
    shell(drop);
    expect(existsSync(worktree.path)).toBe(false);
    expect(branches()).toBe('main');
    expect(repository.git('worktree', 'list').split('\n')).toHaveLength(1);
  });

  it('in which nothing was changed is removed, with its branch', async () => {
    const before = stateOf(repository);
    const worktree = await open();
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(settled.outcome).toEqual({is: 'removed'});
    expect(filesChanged).toEqual([]);
    expect(existsSync(join(base, 'worktrees', 'shop'))).toBe(false);
    expect(branches()).toBe('main');
    expect(stateOf(repository)).toEqual(before);
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toEqual({is: 'removed'});
  });

  it('keeps what the agent has committed itself', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    const commit = inWorktree(worktree).commit('by the agent');
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(settled.outcome).toMatchObject({is: 'kept', commit, diffstat: '1 file changed, 1 insertion(+)'});
    expect(filesChanged).toEqual(['b.txt']);
  });

  it('says the same when it is settled again', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    const first = await worktrees.settle(worktree, WORK);
    expect(await worktrees.settle(worktree, WORK)).toEqual(first);
  });

  it('of a subfolder has the agent work in the same subfolder, and names files from there', async () => {
    repository.write({'packages/web/index.ts': '1\n'});
    repository.commit('web');
    const worktree = await open(join(repository.path, 'packages', 'web'));
    expect(worktree.directory).toBe(join(worktree.path, 'packages', 'web'));
    write(worktree, 'index.ts', '2\n');
    writeFileSync(join(worktree.path, 'a.txt'), 'changed\n');
    expect((await worktrees.settle(worktree, WORK)).filesChanged).toEqual(['../../a.txt', 'index.ts']);
  });

  it('is kept for a file that git ignores and the agent has written', async () => {
    repository.write({'.gitignore': 'notes/\n'});
    repository.commit('ignore');
    const worktree = await open();
    write(worktree, 'notes/found.md', 'found');
    expect(
      (await worktrees.settle(worktree, {...WORK, files: ['notes/found.md', '/etc/passwd']})).worktree,
    ).toMatchObject({
      outcome: {is: 'kept', notes: ['Ignored by git, and only in its folder: notes/found.md.']},
    });
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toEqual({is: 'removed'});
  });

  it('is committed in our name where git knows of nobody', async () => {
    repository.git('config', '--unset', 'user.name');
    repository.git('config', '--unset', 'user.email');
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    await worktrees.settle(worktree, WORK);
    expect(repository.git('log', '-1', '--format=%an <%ae> %cn', worktree.branch)).toBe(
      'OpenCode Delegate <opencode-delegate@localhost> OpenCode Delegate',
    );
  });

  it('neither runs hooks nor signs', async () => {
    const trace = join(base, 'hooks-that-ran');
    for (const hook of [
      'post-checkout',
      'pre-commit',
      'commit-msg',
      'post-commit',
      'reference-transaction',
    ]) {
      const path = join(repository.path, '.git', 'hooks', hook);
      writeFileSync(path, `#!/bin/sh\necho ${hook} >> '${trace}'\nexit 1\n`);
      chmodSync(path, 0o755);
    }
    repository.git('config', 'commit.gpgSign', 'true');
    repository.git('config', 'gpg.program', 'false');
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept', notes: []});
    expect(existsSync(trace)).toBe(false);
  });

  it('does not mind what git’s own hooks set in the environment', async () => {
    worktrees = worktreesWith({GIT_DIR: '/nowhere', GIT_INDEX_FILE: join(repository.path, '.git', 'index')});
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept', notes: []});
  });

  it('brings home the work of an agent that has switched to a branch of the user', async () => {
    repository.git('branch', 'theirs');
    const worktree = await open();
    const theirs = repository.git('rev-parse', 'theirs');
    inWorktree(worktree).git('checkout', '--quiet', 'theirs');
    write(worktree, 'b.txt', 'b\n');
    const {worktree: settled} = await worktrees.settle(worktree, WORK);
    expect(repository.git('rev-parse', 'theirs')).toBe(theirs);
    expect(settled.outcome).toMatchObject({commit: repository.git('rev-parse', worktree.branch), notes: []});
    expect(inWorktree(worktree).git('symbolic-ref', '--short', 'HEAD')).toBe(worktree.branch);
  });

  it('loses no commit of an agent that has gone back and elsewhere', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    const own = inWorktree(worktree).commit('on its own branch');
    inWorktree(worktree).git('checkout', '--quiet', '--detach', worktree.base);
    write(worktree, 'c.txt', 'c\n');
    const {worktree: settled} = await worktrees.settle(worktree, WORK);
    expect(repository.git('rev-parse', worktree.branch)).toBe(own);
    expect(settled.outcome).toMatchObject({
      is: 'kept',
      notes: [expect.stringContaining('The agent left delegation/swift-amber-otter')],
    });
  });

  it('names a branch that the agent has committed on and left, and none that it has only looked at', async () => {
    repository.git('checkout', '--quiet', '-b', 'theirs');
    repository.commit('of the user');
    repository.git('checkout', '--quiet', 'main');
    const worktree = await open();
    const agent = inWorktree(worktree);
    agent.git('checkout', '--quiet', 'theirs');
    agent.git('checkout', '--quiet', '-b', 'feature/gate', worktree.base);
    write(worktree, 'b.txt', 'b\n');
    agent.commit('on a branch of its own');
    agent.git('checkout', '--quiet', worktree.branch);
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({
      is: 'kept',
      notes: ['The agent has also committed on feature/gate.'],
    });
    write(worktree, 'c.txt', 'c\n');
    agent.commit('to be amended');
    agent.git('commit', '--quiet', '--amend', '-m', 'amended');
    agent.git('merge', '--quiet', 'feature/gate');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept', notes: []});
  });

  it('is kept as it is where git cannot commit, and says so', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    const lock = join(repository.path, '.git', 'worktrees', 'swift-amber-otter', 'index.lock');
    writeFileSync(lock, '');
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(settled.outcome).toMatchObject({
      is: 'kept',
      notes: [expect.stringMatching(/could not be committed and lie in its folder.*index\.lock/)],
    });
    expect(filesChanged).toBeUndefined();
    expect(readFileSync(join(worktree.path, 'b.txt'), 'utf8')).toBe('b\n');
  });

  it('in which the agent has made repositories commits the rest, and says what is only in its folder', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    Repository.create(join(worktree.path, 'empty'), {home: base, files: {}}).write({'x.txt': 'x'});
    Repository.create(join(worktree.path, 'full'), {home: base, files: {'x.txt': 'x'}});
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(filesChanged).toEqual(['b.txt', 'full']);
    expect(settled.outcome).toMatchObject({
      notes: [
        'Not in the commit, and only in its folder: empty/.',
        expect.stringMatching(/^Repositories of their own, .* only in its folder: full\.$/),
      ],
    });
  });

  it('that the agent has made a repository of its own is kept as it is', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    rmSync(join(worktree.path, '.git'));
    inWorktree(worktree).git('init', '--quiet');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({
      is: 'kept',
      notes: [expect.stringContaining('is not as it was made, so no git was run there')],
    });
    expect(existsSync(join(worktree.path, 'b.txt'))).toBe(true);
  });

  it('in which only the mode of a file has changed is kept', async () => {
    const worktree = await open();
    chmodSync(join(worktree.path, 'a.txt'), 0o755);
    expect((await worktrees.settle(worktree, WORK)).filesChanged).toEqual(['a.txt']);
    expect(repository.git('ls-tree', worktree.branch, 'a.txt')).toMatch(/^100755 /);
  });

  it('is committed whatever the user has set for commits, diffs and line ends', async () => {
    const settings = {
      ...{'core.autocrlf': 'input', 'core.safecrlf': 'true', 'core.editor': 'false', 'color.ui': 'always'},
      ...{'commit.template': '/nowhere', 'commit.verbose': 'true', 'diff.external': 'false'},
      ...{'status.showUntrackedFiles': 'no', 'submodule.recurse': 'true'},
    };
    for (const [name, value] of Object.entries(settings)) repository.git('config', name, value);
    const worktree = await open();
    write(worktree, 'b.txt', 'b\r\n');
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, {...WORK, title: '# Mend'});
    expect(filesChanged).toEqual(['b.txt']);
    expect(settled.outcome).toMatchObject({is: 'kept', notes: []});
    expect(repository.git('log', '-1', '--format=%s', worktree.branch)).toBe('# Mend');
  });

  it('is kept when its repository has moved away', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    renameSync(repository.path, join(base, 'moved'));
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept'});
    expect(existsSync(join(worktree.path, 'b.txt'))).toBe(true);
  });

  it('whose folder somebody took away keeps its branch if there is something on it', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    const commit = inWorktree(worktree).commit('by the agent');
    rmSync(worktree.path, {recursive: true});
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({
      commit,
      notes: ['Its folder is gone; what was committed before is on the branch.'],
    });
  });
});

describe('making a worktree', () => {
  it('works five times at once', async () => {
    const ids = ['a-b-c', 'a-b-d', 'a-b-e', 'a-b-f', 'a-b-g'];
    const made = await Promise.all(ids.map((id) => open(repository.path, {project: 'shop', id})));
    for (const worktree of made) write(worktree, 'b.txt', worktree.path);
    const settled = await Promise.all(made.map((worktree) => worktrees.settle(worktree, WORK)));
    expect(settled.map(({worktree}) => worktree.outcome?.is)).toEqual(ids.map(() => 'kept'));
    expect(await worktrees.leftovers()).toHaveLength(5);
  });

  it('tries again when it comes across one that somebody else has half made', async () => {
    const half = join(repository.path, '.git', 'worktrees', 'half');
    mkdirSync(half, {recursive: true});
    writeFileSync(join(half, 'gitdir'), join(base, 'half', '.git'));
    writeFileSync(join(half, 'HEAD'), 'ref: refs/heads/half');
    writeFileSync(join(half, 'whole'), '../..');
    const common = join(half, 'commondir');
    execFileSync('mkfifo', [common]);
    const opening = open();
    // Anyone who reads it first finds nothing in it, and anyone who reads it in between, too.
    await writeFile(common, '');
    const between = openSync(common, 'r+');
    renameSync(join(half, 'whole'), common);
    closeSync(between);
    expect(existsSync(join((await opening).path, 'a.txt'))).toBe(true);
    expect(branches().split('\n')).toEqual(['delegation/swift-amber-otter', 'main']);
  });

  it('takes the next name where the branch is there already', async () => {
    repository.git('branch', 'delegation/swift-amber-otter');
    expect((await open()).branch).toBe('delegation/swift-amber-otter-2');
  });

  it('works on a detached HEAD, and in a worktree of the user', async () => {
    repository.git('checkout', '--quiet', '--detach');
    repository.git('worktree', 'add', '--quiet', join(base, 'second'), '-b', 'second');
    const second = new Repository(join(base, 'second'), base);
    second.write({'only-here.txt': '1\n'});
    const tip = second.commit('second');
    expect((await open()).base).toBe(repository.git('rev-parse', 'HEAD'));
    const worktree = await open(second.path, {...OF, id: 'other-amber-otter'});
    expect(worktree).toMatchObject({base: tip, checkout: second.path});
    expect(existsSync(join(worktree.path, 'only-here.txt'))).toBe(true);
    write(worktree, 'b.txt', 'b\n');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept'});
  });

  it('works in a submodule, and while the user’s own git is at work', async () => {
    const library = Repository.create(join(base, 'library'), {home: base});
    repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.path, 'lib');
    repository.commit('with a library');
    writeFileSync(join(repository.path, '.git', 'modules', 'lib', 'index.lock'), '');
    const worktree = await open(join(repository.path, 'lib'));
    expect(worktree.checkout).toBe(join(repository.path, 'lib'));
    write(worktree, 'b.txt', 'b\n');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept', notes: []});
    expect(repository.git('status', '--porcelain')).toBe('');
  });

  it('works from a sparse checkout, also in a folder that it leaves out, and loses nothing there', async () => {
    repository.write({'in/a.txt': 'a', 'out/b.txt': 'b'});
    repository.commit('two folders');
    repository.git('sparse-checkout', 'set', 'in');
    mkdirSync(join(repository.path, 'out'));
    const worktree = await open(join(repository.path, 'out'));
    write(worktree, 'new.txt', 'new\n');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept', notes: []});
    expect(repository.git('ls-tree', '-r', '--name-only', worktree.branch).split('\n')).toEqual([
      ...['a.txt', 'in/a.txt', 'out/b.txt', 'out/new.txt'],
    ]);
  });

  it('leaves out what is not committed, and says so', async () => {
    repository.write({'a.txt': 'changed\n', 'new/b.txt': 'b', 'new/c.txt': 'c'});
    expect((await worktrees.plan(repository.path)).notes).toEqual([
      'Not taken along: what is not committed in your checkout (2 files or folders).',
    ]);
    const worktree = await open();
    expect(readFileSync(join(worktree.path, 'a.txt'), 'utf8')).toBe('a\n');
    expect(existsSync(join(worktree.path, 'new'))).toBe(false);
  });

  it('leaves submodules empty, says so, and is kept when one is filled: it is not asked what has changed', async () => {
    const library = Repository.create(join(base, 'library'), {home: base});
    const allow = ['-c', 'protocol.file.allow=always'];
    repository.git(...allow, 'submodule', '--quiet', 'add', library.path, 'lib');
    repository.commit('with a library');
    expect((await worktrees.plan(repository.path)).notes).toEqual([
      'Its submodules are empty folders in the worktree until the agent fills them.',
    ]);
    const worktree = await open();
    expect(readdirSync(join(worktree.path, 'lib'))).toEqual([]);
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toEqual({is: 'removed'});
    const again = await open();
    inWorktree(again).git(...allow, 'submodule', '--quiet', 'update', '--init');
    write(again, 'lib/a.txt', 'changed in the library\n');
    const {worktree: settled, filesChanged} = await worktrees.settle(again, WORK);
    expect(settled.outcome).toMatchObject({is: 'kept', notes: [expect.stringMatching(NOT_LOOKED_INTO_LIB)]});
    expect(filesChanged).toEqual([]);
  });

  it('runs the filters of files, as those of LFS are, and fails in words where they are missing', async () => {
    repository.git('config', '--global', 'filter.lfs.clean', 'sed s/large/pointer/');
    repository.git('config', '--global', 'filter.lfs.smudge', 'sed s/pointer/large/');
    repository.git('config', '--global', 'filter.lfs.required', 'true');
    repository.write({'.gitattributes': '*.bin filter=lfs\n', 'one.bin': 'large\n'});
    repository.commit('with a large file');
    expect(repository.git('show', 'HEAD:one.bin')).toBe('pointer');
    const worktree = await open();
    expect(readFileSync(join(worktree.path, 'one.bin'), 'utf8')).toBe('large\n');
    write(worktree, 'two.bin', 'large too\n');
    await worktrees.settle(worktree, WORK);
    expect(repository.git('show', `${worktree.branch}:two.bin`)).toBe('pointer too');

    repository.git('config', '--global', 'filter.lfs.smudge', 'no-such-git-lfs smudge');
    await expect(open(repository.path, {...OF, id: 'other-amber-otter'})).rejects.toThrow(
      /smudge filter lfs failed/,
    );
    expect(branches().split('\n')).toEqual(['delegation/swift-amber-otter', 'main']);
    expect(await worktrees.leftovers()).toEqual([OF]);
  });

  it('that is broken off leaves nothing behind', async () => {
    const abort = new AbortController();
    const opening = worktrees.open(worktrees.place(await worktrees.plan(repository.path), OF), abort.signal);
    abort.abort();
    await expect(opening).rejects.toThrow();
    expect(branches()).toBe('main');
    expect(await worktrees.leftovers()).toEqual([]);
  });

  it('does not touch a folder that is there already', async () => {
    mkdirSync(join(base, 'worktrees/shop/swift-amber-otter'), {recursive: true});
    writeFileSync(join(base, 'worktrees/shop/swift-amber-otter/precious'), '');
    await expect(open()).rejects.toThrow('is there already');
    expect(existsSync(join(base, 'worktrees/shop/swift-amber-otter/precious'))).toBe(true);
  });
});

describe('a worktree is refused', () => {
  const plan = (directory: string) => worktrees.plan(directory).then(() => 'not refused', String);

  it('outside a git repository', async () => {
    expect(await plan(base)).toMatch(/^Refusal: A worktree cannot be made: .* is not in a git repository/);
  });

  it('in a repository without a commit', async () => {
    const empty = Repository.create(join(base, 'empty'), {home: base, files: {}});
    expect(await plan(empty.path)).toContain('has no commit yet');
  });

  it('in a bare repository, and in git’s own folder', async () => {
    repository.git('clone', '--quiet', '--bare', '.', join(base, 'bare'));
    expect(await plan(join(base, 'bare'))).toContain('no files are checked out');
    expect(await plan(join(repository.path, '.git'))).toContain('no files are checked out');
  });

  it('where a branch has the name that all others begin with', async () => {
    repository.git('branch', 'delegation');
    expect(await plan(repository.path)).toContain('has a branch "delegation"');
  });

  it('for a folder that is in no commit', async () => {
    mkdirSync(join(repository.path, 'new'));
    expect(await plan(join(repository.path, 'new'))).toContain('new is not in the commit');
  });

  it('without git', async () => {
    worktrees = worktreesWith({PATH: base});
    expect(await plan(repository.path)).toContain('git is not installed');
  });
});

describe('after a crash', () => {
  it('a worktree whose record is gone is found with all that is needed to settle it', async () => {
    const worktree = await open();
    write(worktree, 'b.txt', 'b\n');
    expect(await worktrees.leftovers()).toEqual([OF]);
    const found = await worktrees.find(OF);
    expect(found).toEqual(worktree);
    expect((await worktrees.settle(found ?? worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept'});
  });

  it('one that was not completely made is removed, and nothing is committed as deleted', async () => {
    const worktree = await open();
    inWorktree(worktree).git('update-ref', '-d', 'refs/worktree/delegation-base');
    rmSync(join(worktree.path, 'a.txt'));
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toEqual({is: 'removed'});
    expect(branches()).toBe('main');
  });

  it('one that was never moved to its place is found, and goes with its branch and all that git knows of it', async () => {
    const worktree = await open();
    const making = join(base, '.worktrees', OF.project, OF.id);
    mkdirSync(dirname(making), {recursive: true});
    renameSync(worktree.path, making);
    repository.git('worktree', 'lock', worktree.path);
    expect(await worktrees.leftovers()).toEqual([{...OF, isUnderWay: true}]);
    const found = await worktrees.find(OF);
    expect(found).toEqual(worktree);
    await worktrees.clear(OF);
    expect((await worktrees.settle(found ?? worktree, WORK)).worktree.outcome).toEqual({is: 'removed'});
    expect(branches()).toBe('main');
    expect(repository.git('worktree', 'list', '--porcelain')).not.toContain(OF.id);
    expect(existsSync(join(base, '.worktrees'))).toBe(false);
    expect(await worktrees.leftovers()).toEqual([]);
  });

  it.each([
    ['an empty folder', OF.id, undefined],
    ['a folder with a link that leads nowhere', OF.id, 'gitdir: /nowhere/.git/worktrees/swift-amber-otter\n'],
    ['a copy of what was changed', `${OF.id}.changes`, undefined],
  ])('%s that is left of one is found and removed, and a worktree beside it stays', async (_, name, link) => {
    const other = await open(repository.path, {...OF, id: 'other-amber-otter'});
    // A repository around all folders is none of a worktree.
    Repository.create(base, {home: base, files: {}});
    const left = join(base, '.worktrees', OF.project, name);
    mkdirSync(left, {recursive: true});
    if (link !== undefined) writeFileSync(join(left, '.git'), link);
    expect(await worktrees.leftovers()).toEqual([
      {project: OF.project, id: 'other-amber-otter'},
      {...OF, isUnderWay: true},
    ]);
    expect(await worktrees.find(OF)).toBeUndefined();
    await worktrees.clear(OF);
    await worktrees.clear(OF);
    expect(existsSync(join(base, '.worktrees'))).toBe(false);
    expect(existsSync(join(other.path, 'a.txt'))).toBe(true);
  });

  it('a folder of a project in which nothing is made any more is removed', async () => {
    await open();
    mkdirSync(join(base, '.worktrees', OF.project), {recursive: true});
    expect(await worktrees.leftovers()).toEqual([OF]);
    expect(existsSync(join(base, '.worktrees'))).toBe(false);
  });

  it('there is nothing to find where none was ever made', async () => {
    expect(await worktrees.leftovers()).toEqual([]);
  });
});

describe('going on in a worktree', () => {
  const settled = async (change: boolean) => {
    const worktree = await open();
    if (change) write(worktree, 'b.txt', 'b\n');
    return (await worktrees.settle(worktree, WORK)).worktree;
  };

  it('that was kept finds it as it was left, adds to its branch, and counts what is its own', async () => {
    const before = await settled(true);
    const worktree = await worktrees.reopen(before);
    expect(readFileSync(join(worktree.path, 'b.txt'), 'utf8')).toBe('b\n');
    write(worktree, 'c.txt', 'c\n');
    const {worktree: after, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(filesChanged).toEqual(['c.txt']);
    expect(after.outcome).toMatchObject({diffstat: '2 files changed, 2 insertions(+)'});
    expect(repository.git('rev-parse', `${worktree.branch}~1`)).toBe(
      repository.git('rev-parse', worktree.since ?? ''),
    );
  });

  it('that was removed makes it again, in the same place', async () => {
    const before = await settled(false);
    const worktree = await worktrees.reopen(before);
    expect({...worktree, outcome: before.outcome}).toEqual({...before, since: before.base});
    expect(readFileSync(join(worktree.path, 'a.txt'), 'utf8')).toBe('a\n');
  });

  it('whose folder is gone checks its branch out again', async () => {
    const before = await settled(true);
    repository.git('worktree', 'remove', before.path);
    const worktree = await worktrees.reopen(before);
    expect(readFileSync(join(worktree.path, 'b.txt'), 'utf8')).toBe('b\n');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({is: 'kept', notes: []});
  });

  it('that was dropped is refused', async () => {
    const before = await settled(true);
    shell(worktreeCommands(before).drop);
    await expect(worktrees.reopen(before)).rejects.toThrow('so there is nothing to continue in');
  });

  it('that cannot be made again is refused', async () => {
    const before = await settled(false);
    rmSync(repository.path, {recursive: true});
    await expect(worktrees.reopen(before)).rejects.toThrow(/cannot be used: .*my shop is not there/);
  });
});
