import {execFileSync} from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Worktree} from '../../src/delegation/model/worktree.ts';
import {Git} from '../../src/git/git.ts';
import {GitWorktrees} from '../../src/git/git-worktrees.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';
import {NEVER, OF, WORK} from '../support/worktree-work.ts';

let base: string;
let repository: Repository;
let worktrees: GitWorktrees;
/** Is there as soon as a command of the repository's ran. */
let canary: string;
/** What each trick has git run. */
let program: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-hostile-')));
  repository = Repository.create(join(base, 'shop'), {home: base, files: {'a.txt': 'a\n', 'b.txt': 'b\n'}});
  worktrees = worktreesWith({});
  canary = join(base, 'canary');
  program = join(base, 'program');
  writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\nexit 1\n`);
  chmodSync(program, 0o755);
});

afterEach(() => rmSync(base, {recursive: true, force: true}));

function worktreesWith(env: Record<string, string>): GitWorktrees {
  return new GitWorktrees({root: join(base, 'worktrees'), env: {...gitEnvironment(base), ...env}});
}

async function open(of = OF): Promise<Worktree> {
  return worktrees.open(worktrees.place(await worktrees.plan(repository.path), of), NEVER);
}

/** As a person types it: what fails has run what it ran. */
function plainly(directory: string, ...args: readonly string[]): void {
  try {
    execFileSync('git', args, {cwd: directory, env: gitEnvironment(base), stdio: 'pipe', timeout: 10_000});
  } catch {}
}

/** That the trick works, or would, on a git that is not told what not to run. */
function expectLive(directory: string, ...args: readonly string[]): void {
  plainly(directory, ...args);
  expect(existsSync(canary), `plain git ${args.join(' ')} runs the command`).toBe(true);
  rmSync(canary);
}

const ALL = '* filter=x diff=x merge=x\n';

/** What an agent puts into the configuration of the repository and beside it, and a git that falls for it. */
const TRICKS: readonly [string, (settings: string) => void, readonly string[]][] = [
  ['a filter for what is added', () => set('filter.x.clean', program), ['add', '--all']],
  ['a filter for what is checked out', () => set('filter.x.smudge', program), ['checkout-index', '-af']],
  ['a process that filters', () => set('filter.x.process', program), ['add', '--all']],
  [
    'a filter that must run',
    () => set('filter.x.clean', program, 'filter.x.required', 'true'),
    ['add', '--all'],
  ],
  [
    'a filter with a sign of equality in its name',
    () => {
      set('filter.x=y.clean', program);
      attributes('* filter=x=y\n');
    },
    ['add', '--all'],
  ],
  [
    'a filter in a file that is included',
    () => {
      writeFileSync(join(base, 'included'), `[filter "x"]\n\tclean = ${program}\n`);
      set('include.path', join(base, 'included'));
    },
    ['add', '--all'],
  ],
  [
    'a filter in a file that is included where its condition holds',
    () => {
      writeFileSync(join(base, 'included'), `[filter "x"]\n\tclean = ${program}\n`);
      set('includeIf.gitdir:/**.path', join(base, 'included'));
    },
    ['add', '--all'],
  ],
  [
    'a filter in a file that is included on the branch of a delegation',
    () => {
      writeFileSync(join(base, 'included'), `[filter "x"]\n\tclean = ${program}\n\tsmudge = ${program}\n`);
      set('includeIf.onbranch:delegation/**.path', join(base, 'included'));
    },
    ['checkout-index', '-af'],
  ],
  [
    'a filter in a file that is included in worktrees',
    () => {
      writeFileSync(join(base, 'included'), `[filter "x"]\n\tclean = ${program}\n\tsmudge = ${program}\n`);
      set('includeIf.gitdir:**/worktrees/*.path', join(base, 'included'));
    },
    ['checkout-index', '-af'],
  ],
  [
    'a filter in a file that is included where a remote has an address',
    () => {
      writeFileSync(join(base, 'included'), `[filter "x"]\n\tclean = ${program}\n`);
      set(
        'remote.origin.url',
        'https://example.org/x',
        'includeIf.hasconfig:remote.*.url:**.path',
        '../../included',
      );
    },
    ['add', '--all'],
  ],
  [
    'a filter with a name that is no UTF-8',
    () => {
      bytes('config', `\n[filter "e\xff"]\n\tclean = ${program}\n\tsmudge = ${program}\n`);
      bytes('info/attributes', '* filter=e\xff\n');
    },
    ['add', '--all'],
  ],
  [
    'a filter in the configuration of worktrees',
    (gitDir) => {
      set('extensions.worktreeConfig', 'true');
      writeFileSync(join(gitDir, 'config.worktree'), `[filter "x"]\n\tclean = ${program}\n`);
    },
    ['add', '--all'],
  ],
  [
    'the filter of LFS with another command',
    () => {
      set('filter.lfs.clean', program);
      attributes('* filter=lfs\n');
    },
    ['add', '--all'],
  ],
  ['a watcher of files', () => set('core.fsmonitor', program), ['status']],
  [
    'hooks elsewhere',
    () => {
      mkdirSync(join(base, 'hooks'));
      for (const name of ['pre-commit', 'post-checkout', 'reference-transaction', 'post-index-change'])
        symlinkSync(program, join(base, 'hooks', name));
      set('core.hooksPath', join(base, 'hooks'));
    },
    ['commit', '--allow-empty', '-m', 'x'],
  ],
  ['a program that shows differences', () => set('diff.external', program), ['diff', 'HEAD']],
  ['a program for one kind of file', () => set('diff.x.command', program), ['diff', 'HEAD']],
  ['a converter of files', () => set('diff.x.textconv', program), ['diff', 'HEAD']],
  [
    'a program that signs',
    () => set('commit.gpgSign', 'true', 'gpg.program', program),
    ['commit', '--allow-empty', '-m', 'x'],
  ],
  [
    'what a repository lacks, from a program',
    () => {
      set('extensions.partialClone', 'evil', 'remote.evil.promisor', 'true');
      set('remote.evil.url', base, 'remote.evil.uploadpack', program, 'core.repositoryFormatVersion', '1');
    },
    ['cat-file', '-p', 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00'],
  ],
  [
    'what a repository lacks, by a command for an address',
    () => {
      set('extensions.partialClone', 'evil', 'remote.evil.promisor', 'true', 'protocol.ext.allow', 'always');
      set('remote.evil.url', `ext::${program}`, 'core.repositoryFormatVersion', '1');
    },
    ['cat-file', '-p', 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00'],
  ],
  ['another name for a command', () => set('alias.staged', `!${program}`), ['staged']],
  ['an editor', () => set('core.editor', program), ['commit', '--allow-empty']],
];

function set(...settings: readonly string[]): void {
  for (let index = 0; index < settings.length; index += 2)
    repository.git('config', settings[index] ?? '', settings[index + 1] ?? '');
}

/** Writes at the end of a file of git, byte by byte. */
function bytes(name: string, latin1: string): void {
  appendFileSync(join(repository.path, '.git', name), latin1, 'latin1');
}

function attributes(text: string): void {
  mkdirSync(join(repository.path, '.git', 'info'), {recursive: true});
  writeFileSync(join(repository.path, '.git', 'info', 'attributes'), text);
}

describe('a command that the repository names does not run', () => {
  it.each(TRICKS)('%s', async (_, plant, command) => {
    attributes(ALL);
    const victim = await open({...OF, id: 'idle-amber-otter'});
    const {gitDir = ''} = victim;
    plant(gitDir);
    new Repository(victim.path, base).write({'a.txt': 'changed\n', '.gitattributes': ALL});
    expectLive(victim.path, ...command);

    const worktree = await open();
    if (existsSync(join(gitDir, 'config.worktree')))
      writeFileSync(
        join(worktree.gitDir ?? '', 'config.worktree'),
        readFileSync(join(gitDir, 'config.worktree')),
      );
    const files = new Repository(worktree.path, base);
    files.write({'a.txt': 'changed\n', 'c.txt': 'c\n', '.gitattributes': ALL});
    const {worktree: settled} = await worktrees.settle(worktree, WORK);
    await worktrees.find(OF);
    const again = await worktrees.reopen(settled);
    files.write({'c.txt': 'more\n'});
    rmSync(join(worktree.path, 'b.txt'));
    expect((await worktrees.settle(again, WORK)).worktree.outcome).toMatchObject({
      is: 'kept',
      notes: [],
    });
    // Of what is not there, git may ask somebody.
    const own = await new Git(gitEnvironment(base)).at(worktree.path);
    await own.ask(['cat-file', '-p', 'c0ffee'.padEnd(40, '0')]);
    expect(existsSync(canary)).toBe(false);
  });
});

/** A repository with commands of its own, in a folder. */
function evil(path: string, files: Record<string, string> = {}): Repository {
  const made = Repository.create(path, {home: base, files});
  made.git('config', 'filter.x.clean', program);
  made.git('config', 'core.fsmonitor', program);
  return made;
}

describe('a worktree whose .git was changed is kept as it is, and no git runs there', () => {
  const changes: readonly [string, (path: string) => void][] = [
    ['into a folder', (path) => evil(path)],
    [
      'to lead to a folder in it',
      (path) => {
        evil(join(path, 'hidden'));
        writeFileSync(join(path, '.git'), `gitdir: ${join(path, 'hidden', '.git')}\n`);
      },
    ],
    [
      'to lead to a worktree of another repository, which leads back',
      (path) => {
        const other = evil(join(path, 'hidden'));
        other.commit('one');
        other.git('worktree', 'add', '--quiet', join(path, 'second'));
        const gitDir = join(other.path, '.git', 'worktrees', 'second');
        writeFileSync(join(gitDir, 'gitdir'), `${join(path, '.git')}\n`);
        writeFileSync(join(path, '.git'), `gitdir: ${gitDir}\n`);
      },
    ],
    [
      'into a link',
      (path) => {
        evil(join(path, 'hidden'));
        symlinkSync(join(path, 'hidden', '.git'), join(path, '.git'));
      },
    ],
  ];

  it.each(changes)('%s', async (_, change) => {
    const worktree = await open();
    rmSync(join(worktree.path, '.git'));
    change(worktree.path);
    new Repository(worktree.path, base).write({'a.txt': 'changed\n', '.gitattributes': ALL});
    expectLive(worktree.path, 'add', '--all');

    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(settled.outcome).toEqual({
      is: 'kept',
      diffstat: '',
      notes: [
        `Its changes could not be committed and lie in its folder as they are: ${worktree.path}/.git, or the folder of git behind it, is not as it was made, so no git was run there: what changed it could make git run commands. Run none there either, and take what you need as files.`,
      ],
    });
    expect(filesChanged).toBeUndefined();
    expect(readFileSync(join(worktree.path, 'a.txt'), 'utf8')).toBe('changed\n');
    expect(repository.git('rev-parse', worktree.branch)).toBe(worktree.base);
    await expect(worktrees.reopen(settled)).rejects.toThrow('is not as it was made');
    // Also by a record that was written before it was known, and where there is none.
    const {gitDir: _gitDir, commonDir: _commonDir, ...old} = worktree;
    expect((await worktrees.settle(old, WORK)).worktree.outcome).toMatchObject({is: 'kept', diffstat: ''});
    expect(await worktrees.find(OF)).toBeUndefined();
    expect(existsSync(canary)).toBe(false);
  });

  it('is settled by a record that does not say where its folders of git are', async () => {
    const {gitDir: _gitDir, commonDir: _commonDir, ...old} = await open();
    new Repository(old.path, base).write({'a.txt': 'changed\n'});
    expect((await worktrees.settle(old, WORK)).worktree.outcome).toMatchObject({is: 'kept', notes: []});
  });

  it('also where it is its folder of git that names another repository', async () => {
    const worktree = await open();
    const other = evil(join(worktree.path, 'hidden'), {'a.txt': 'a'});
    writeFileSync(join(worktree.gitDir ?? '', 'commondir'), join(other.path, '.git'));
    new Repository(worktree.path, base).write({'a.txt': 'changed\n', '.gitattributes': ALL});
    expectLive(worktree.path, 'add', '--all');
    expect((await worktrees.settle(worktree, WORK)).worktree.outcome).toMatchObject({
      is: 'kept',
      notes: [expect.stringContaining('is not as it was made')],
    });
    expect(existsSync(canary)).toBe(false);
  });
});

describe('a repository in a worktree', () => {
  it('runs no command of its own, whether it is a submodule or was made there', async () => {
    const allow = ['-c', 'protocol.file.allow=always'];
    const library = Repository.create(join(base, 'library'), {home: base});
    repository.git(...allow, 'submodule', '--quiet', 'add', library.path, 'lib');
    repository.git('config', '--file', '.gitmodules', 'submodule.lib.ignore', 'none');
    repository.commit('with a library');
    const worktree = await open();
    const own = new Repository(worktree.path, base);
    evil(join(worktree.path, 'lib'), {});
    const lib = new Repository(join(worktree.path, 'lib'), base);
    lib.git('fetch', '--quiet', library.path);
    lib.git('reset', '--quiet', '--hard', 'FETCH_HEAD');
    evil(join(worktree.path, 'made'), {'a.txt': 'a'});
    for (const name of ['lib', 'made'])
      own.write({[`${name}/a.txt`]: 'changed', [`${name}/.gitattributes`]: ALL});
    rmSync(canary, {force: true});
    expectLive(worktree.path, 'status');

    own.write({'a.txt': 'changed\n'});
    const {worktree: settled, filesChanged} = await worktrees.settle(worktree, WORK);
    expect(settled.outcome).toMatchObject({
      is: 'kept',
      notes: [
        expect.stringMatching(/^Not looked into, .*: lib\./),
        expect.stringContaining('Repositories of their own'),
      ],
    });
    expect(filesChanged).toEqual(['a.txt', 'made']);
    expect(existsSync(canary)).toBe(false);
  });
});

describe('filters that are not the repository’s', () => {
  it('run as the person has them, also where the repository names another command', async () => {
    repository.git('config', '--global', 'filter.x.clean', 'tr a-z A-Z');
    set('filter.x.clean', program, 'filter.x.smudge', program, 'filter.x.required', 'true');
    const worktree = await open();
    new Repository(worktree.path, base).write({'a.txt': 'changed\n', '.gitattributes': 'a.txt filter=x\n'});
    await worktrees.settle(worktree, WORK);
    expect(repository.git('show', `${worktree.branch}:a.txt`)).toBe('CHANGED');
    expect(existsSync(canary)).toBe(false);
  });

  it('run as LFS defines its own in a repository', async () => {
    const bin = join(base, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'git-lfs'), '#!/bin/sh\nexec sed s/large/pointer/\n');
    chmodSync(join(bin, 'git-lfs'), 0o755);
    worktrees = worktreesWith({PATH: `${bin}:${process.env.PATH}`});
    set('filter.lfs.clean', 'git-lfs clean -- %f', 'filter.lfs.required', 'true');
    expect((await worktrees.plan(repository.path)).notes).toEqual([]);
    const worktree = await open();
    new Repository(worktree.path, base).write({'one.bin': 'large\n', '.gitattributes': '*.bin filter=lfs\n'});
    await worktrees.settle(worktree, WORK);
    expect(repository.git('show', `${worktree.branch}:one.bin`)).toBe('pointer');
  });

  it('ask for passwords as the person does, and nobody whom the repository names', async () => {
    const bin = join(base, 'bin');
    mkdirSync(bin);
    const asks = 'printf "protocol=https\\nhost=example.org\\n\\n" | git credential fill >&2; cat';
    writeFileSync(join(bin, 'git-lfs'), `#!/bin/sh\n${asks}\n`);
    chmodSync(join(bin, 'git-lfs'), 0o755);
    worktrees = worktreesWith({PATH: `${bin}:${process.env.PATH}`});
    const asked = join(base, 'asked');
    repository.git(
      'config',
      '--global',
      'credential.helper',
      `!touch '${asked}'; echo username=a; echo password=b; true`,
    );
    set('filter.lfs.clean', 'git-lfs clean -- %f', 'core.askPass', program);
    set('credential.helper', `!'${program}'`, 'credential.https://example.org.helper', `!'${program}'`);
    const worktree = await open();
    new Repository(worktree.path, base).write({'one.bin': 'one\n', '.gitattributes': '*.bin filter=lfs\n'});
    await worktrees.settle(worktree, WORK);
    expect(existsSync(asked)).toBe(true);
    expect(existsSync(canary)).toBe(false);
  });

  it('are named when they are left out, with what there is to do', async () => {
    set('filter.crypt.clean', 'crypt', 'filter.crypt.smudge', 'crypt', 'filter.none.required', 'true');
    expect((await worktrees.plan(repository.path)).notes).toEqual([
      "Not run: filters that the repository's own configuration defines (crypt). Files are as they are committed; to have them run, define them with git config --global.",
    ]);
  });
});

it('a git that cannot be told what not to run is refused', async () => {
  const bin = join(base, 'bin');
  mkdirSync(bin);
  const git = execFileSync('sh', ['-c', 'command -v git'], {encoding: 'utf8'}).trim();
  writeFileSync(join(bin, 'git'), `#!/bin/sh\nunset GIT_CONFIG_COUNT\nexec '${git}' "$@"\n`);
  chmodSync(join(bin, 'git'), 0o755);
  worktrees = worktreesWith({PATH: `${bin}:${process.env.PATH}`});
  await expect(worktrees.plan(repository.path)).rejects.toThrow('git is older than 2.31');
});
