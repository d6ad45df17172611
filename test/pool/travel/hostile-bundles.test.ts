import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {importWork} from '../../../src/pool/travel/imported.ts';
import type {PlannedTravel} from '../../../src/pool/travel/plan.ts';
import type {Travel} from '../../../src/pool/travel/travel.ts';
import {Repository} from '../../support/repository.ts';
import {bytesOf, LIMIT, Travelling} from '../../support/travelling.ts';

const BRANCH = 'delegation/calm-blue-fox';

let travelling: Travelling;
let shop: Repository;
/** Where a worker that means ill makes its bundles. */
let evil: Repository;
let base: string;
let bundle: string;

beforeEach(() => {
  travelling = new Travelling();
  const cloned = travelling.cloned();
  shop = cloned.shop;
  base = shop.git('rev-parse', 'HEAD');
  evil = travelling.clone(cloned.origin, join(travelling.base, 'evil'));
  bundle = join(travelling.base, 'evil.bundle');
});
afterEach(() => travelling.close());

/** A tree as no git makes it: each entry as `mode name`, and the object that it names. */
function treeOf(entries: readonly (readonly [entry: string, object: string])[]): string {
  const content = Buffer.concat(
    entries.flatMap(([entry, object]) => [Buffer.from(`${entry}\0`), Buffer.from(object, 'hex')]),
  );
  return objectOf('tree', content);
}

function objectOf(type: string, content: Buffer | string): string {
  const args = ['hash-object', '-w', '--literally', '-t', type, '--stdin'];
  return execFileSync('git', args, {cwd: evil.path, input: content, encoding: 'utf8'}).trim();
}

function commitOf(tree: string, parent = base): string {
  return evil.git('commit-tree', tree, '-p', parent, '-m', 'work');
}

function bundleOf(commit: string, ref = `refs/heads/${BRANCH}`, ...more: readonly string[]): void {
  evil.git('update-ref', ref, commit);
  evil.git('bundle', 'create', '--quiet', bundle, ref, `^${base}`, ...more);
}

function bring(options: Partial<Parameters<typeof importWork>[2]> = {}): ReturnType<typeof importWork> {
  return importWork(travelling.git, shop.path, {
    path: bundle,
    branch: BRANCH,
    base,
    limitBytes: LIMIT,
    ...options,
  });
}

/** Sends what the bundle has to a worker, as what the work starts from. */
function send(commit: string): Promise<unknown> {
  const content = readFileSync(bundle);
  const travel: Travel = {
    ...{
      way: 'bundle',
      repository: `file${travelling.base}/server/shop`,
      format: 'sha1',
      head: base,
      commit,
      prefix: '',
    },
    since: {url: `file://${travelling.base}/server/shop`, refs: ['refs/heads/main'], commits: [base]},
    ...{bytes: content.length, sha256: createHash('sha256').update(content).digest('hex')},
  };
  const planned = {travel, bundle: {path: bundle}} as unknown as PlannedTravel;
  return travelling.place(planned);
}

describe('work that comes back', () => {
  it('as a bundle that git has made is taken', async () => {
    evil.write({'b.txt': 'b\n'});
    bundleOf(evil.commit('work'));
    await expect(bring()).resolves.toMatchObject({branch: BRANCH, filesChanged: ['b.txt'], notes: []});
  });

  it.each([
    [
      'has more than one name in it',
      () => bundleOf(evil.commit('work'), undefined, 'refs/heads/main'),
      /other names/,
    ],
    ['has another name in it', () => bundleOf(evil.commit('work'), 'refs/heads/other'), /other names/],
    [
      'does not go on from where it started',
      () => {
        const tree = evil.git('rev-parse', `${base}^{tree}`);
        bundleOf(evil.git('commit-tree', tree, '-m', 'another root'));
      },
      /does not go on from/,
    ],
    [
      'has a folder of git in it',
      () => {
        const hooks = treeOf([['100755 post-checkout', objectOf('blob', '#!/bin/sh\n')]]);
        bundleOf(commitOf(treeOf([['40000 .git', hooks]])));
      },
      /hasDotgit/,
    ],
    [
      'has a folder of git in it by its name on other systems',
      () => {
        bundleOf(commitOf(treeOf([['40000 GIT~1', treeOf([['100644 config', objectOf('blob', 'x')]])]])));
      },
      /hasDotgit/,
    ],
    [
      'leads upwards',
      () => {
        bundleOf(commitOf(treeOf([['40000 ..', treeOf([['100644 x', objectOf('blob', 'x')]])]])));
      },
      /hasDotdot/,
    ],
    [
      'has a slash in a name',
      () => {
        bundleOf(commitOf(treeOf([['100644 ../../x', objectOf('blob', 'x')]])));
      },
      /fullPathname/,
    ],
    [
      'has the same name twice',
      () => {
        const [one, other] = [objectOf('blob', 'x'), objectOf('blob', 'y')];
        bundleOf(
          commitOf(
            treeOf([
              ['100644 x', one],
              ['100644 x', other],
            ]),
          ),
        );
      },
      /duplicateEntries/,
    ],
    [
      'has a submodule whose address is an option',
      () => {
        const modules = objectOf('blob', '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch\n');
        bundleOf(commitOf(treeOf([['100644 .gitmodules', modules]])));
      },
      /gitmodulesUrl/,
    ],
    [
      'has a link into a folder of git',
      () => {
        bundleOf(commitOf(treeOf([['120000 x', objectOf('blob', '.git/hooks')]])));
      },
      /leads into a folder of git/,
    ],
    [
      'lacks objects',
      () => {
        const tree = treeOf([['100644 x', 'b'.repeat(40)]]);
        const who = 'A <a@example.org> 1 +0000';
        const text = `tree ${tree}\nparent ${base}\nauthor ${who}\ncommitter ${who}\n\nx\n`;
        const commit = objectOf('commit', text);
        const input = `${commit}\n${tree}\n`;
        const pack = execFileSync('git', ['pack-objects', '--stdout', '-q'], {cwd: evil.path, input});
        const head = `# v2 git bundle\n-${base} \n${commit} refs/heads/${BRANCH}\n\n`;
        writeFileSync(bundle, Buffer.concat([Buffer.from(head), pack]));
      },
      /git refuses/,
    ],
  ] as const)('is refused where it %s', async (_, make, why) => {
    make();
    const before = bytesOf(shop.path);
    await expect(bring()).rejects.toThrow(/^The work that has come back was not taken: /);
    await expect(bring()).rejects.toThrow(why);
    expect(bytesOf(shop.path)).toEqual(before);
  });

  it.each([
    ['is no bundle', () => Buffer.from('hello'), /does not begin as a bundle/],
    ['is of a version that nobody knows', () => Buffer.from('# v9 git bundle\n\n'), /known version/],
    [
      'asks for a capability',
      () => Buffer.from('# v3 git bundle\n@object-format=sha1\n@filter=blob:none\n\n'),
      /something else/,
    ],
    ['is cut off', () => readFileSync(bundle).subarray(0, -30), /git refuses/],
    [
      'was changed on its way',
      () => {
        const content = readFileSync(bundle);
        content[content.length - 40] = (content[content.length - 40] ?? 0) ^ 1;
        return content;
      },
      /git refuses/,
    ],
    [
      'builds upon what is not here',
      () => {
        const text = readFileSync(bundle, 'latin1').replace(`-${base}`, `-${'c'.repeat(40)}`);
        return Buffer.from(text, 'latin1');
      },
      /builds upon commits that are not here/,
    ],
  ] as const)('is refused where the file %s', async (_, change, why) => {
    evil.write({'b.txt': 'b\n'});
    bundleOf(evil.commit('work'));
    writeFileSync(bundle, change());
    await expect(bring()).rejects.toThrow(why);
    expect(shop.git('branch', '--list', 'delegation/*')).toBe('');
  });

  it('is refused where it is larger than may come', async () => {
    evil.write({'b.txt': createHash('sha512').update('x').digest('hex').repeat(3)});
    bundleOf(evil.commit('work'));
    await expect(bring({limitBytes: 100})).rejects.toThrow(/git refuses.*size/);
  });

  it('is refused where a few bytes stand for more files than any disk holds', async () => {
    let tree = treeOf([['100644 f', objectOf('blob', 'x')]]);
    for (let depth = 0; depth < 7; depth++) {
      const names = Array.from({length: 16}, (_, index) => index.toString(16));
      tree = treeOf(names.map((name) => [`40000 ${name}`, tree] as const));
    }
    bundleOf(commitOf(tree));
    expect(readFileSync(bundle).length).toBeLessThan(10_000);
    await expect(bring()).rejects.toThrow(/more than 1000000 files/);
  });

  it('with a link that leads out says so by name, and not of those that were there before', async () => {
    symlinkSync('/etc/passwd', join(evil.path, 'out'));
    symlinkSync('../../x', join(evil.path, 'up'));
    mkdirSync(join(evil.path, 'sub'));
    symlinkSync('../a.txt', join(evil.path, 'sub/inside'));
    const first = evil.commit('links');
    bundleOf(first);
    const {notes} = await bring();
    expect(notes).toEqual([
      'Links that lead out of the repository: "out", "up". Look at them before you use them.',
    ]);
    evil.write({'b.txt': 'b\n'});
    bundleOf(evil.commit('more'));
    await expect(bring({base: first})).resolves.toMatchObject({
      branch: `${BRANCH}-2`,
      notes: [expect.stringContaining('already')],
    });
  });
});

describe('the branch of work that comes back', () => {
  beforeEach(() => {
    evil.write({'b.txt': 'b\n'});
    bundleOf(evil.commit('work'));
  });

  it('is the next free one where there is one of its name, which stays', async () => {
    shop.git('branch', BRANCH);
    const {branch, commit, notes} = await bring();
    expect(branch).toBe(`${BRANCH}-2`);
    expect(notes.join()).toContain(`There was a branch ${BRANCH} already`);
    expect(shop.git('rev-parse', BRANCH)).toBe(base);
    expect(shop.git('rev-parse', branch)).toBe(commit);
  });

  it('has the next number where one with a number is gone on with', async () => {
    shop.git('branch', BRANCH);
    for (const n of [2, 3, 4]) {
      const from = n === 2 ? BRANCH : `${BRANCH}-${n - 1}`;
      evil.write({'b.txt': `${n}\n`});
      bundleOf(evil.commit(`work ${n}`), `refs/heads/${from}`);
      expect((await bring({branch: from})).branch).toBe(`${BRANCH}-${n}`);
    }
  });

  it('is never one that is checked out, also where that has no commit yet', async () => {
    shop.git('symbolic-ref', 'HEAD', `refs/heads/${BRANCH}`);
    const other = join(travelling.base, 'client/other');
    shop.git('worktree', 'add', '--quiet', '--detach', other, 'main');
    new Repository(other, travelling.base).git('symbolic-ref', 'HEAD', `refs/heads/${BRANCH}-2`);
    expect((await bring()).branch).toBe(`${BRANCH}-3`);
  });

  it('is the same where the bundle comes twice', async () => {
    const first = await bring();
    const before = bytesOf(join(shop.path, '.git/refs'));
    expect(await bring()).toEqual(first);
    expect(bytesOf(join(shop.path, '.git/refs'))).toEqual(before);
  });

  it('is made without hooks, and nothing else in the repository changes', async () => {
    const canary = join(travelling.base, 'canary');
    for (const hook of ['reference-transaction', 'post-update', 'update', 'post-checkout', 'post-merge']) {
      writeFileSync(join(shop.path, '.git/hooks', hook), `#!/bin/sh\ntouch '${canary}'\n`);
      chmodSync(join(shop.path, '.git/hooks', hook), 0o755);
    }
    const status = shop.git('status', '--porcelain');
    const index = readFileSync(join(shop.path, '.git/index'));
    await bring();
    expect(existsSync(canary)).toBe(false);
    expect(readFileSync(join(shop.path, '.git/index'))).toEqual(index);
    expect(shop.git('status', '--porcelain')).toBe(status);
    expect(readdirSync(join(shop.path, '.git/objects')).filter((name) => name.startsWith('tmp'))).toEqual([]);
    expect(shop.git('fsck', '--full', '--strict')).toBe('');
  });
});

describe('a worker', () => {
  it('refuses code with a folder of git in it, and keeps nothing', async () => {
    const commit = commitOf(treeOf([['40000 .git', treeOf([['100644 config', objectOf('blob', 'x')]])]]));
    bundleOf(commit, 'refs/heads/delegation-start');
    await expect(send(commit)).rejects.toThrow(/^The worker refuses the code that has come: .*hasDotgit/);
    expect(await travelling.cache().jobs()).toEqual([]);
  });

  it('refuses a bundle with another commit in it than was said', async () => {
    evil.write({'b.txt': 'b\n'});
    bundleOf(evil.commit('work'), 'refs/heads/delegation-start');
    await expect(send('d'.repeat(40))).rejects.toThrow(/has [0-9a-f]{12} in it instead of dddddddddddd/);
  });

  it('runs no filter and no hook that the code or the machine names for it', async () => {
    const canary = join(travelling.base, 'canary');
    const program = join(travelling.base, 'program');
    writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\ncat\n`, {mode: 0o755});
    const hooks = join(travelling.base, 'templates/hooks');
    mkdirSync(hooks, {recursive: true});
    writeFileSync(join(hooks, 'post-checkout'), `#!/bin/sh\ntouch '${canary}'\n`, {mode: 0o755});
    writeFileSync(
      join(travelling.base, '.gitconfig'),
      `[filter "lfs"]\n\tsmudge = '${program}'\n\tprocess = '${program}'\n\trequired = true\n[init]\n\ttemplateDir = ${join(hooks, '..')}\n`,
    );
    evil.write({
      '.gitattributes': '*.bin filter=lfs\n',
      '.lfsconfig': '[lfs]\n\turl = http://127.0.0.1:9/\n',
    });
    const pointer = objectOf('blob', 'pointer\n');
    evil.git('add', '.gitattributes', '.lfsconfig');
    evil.git('update-index', '--add', '--cacheinfo', `100644,${pointer},a.bin`);
    const commit = commitOf(evil.git('write-tree'));
    bundleOf(commit, 'refs/heads/delegation-start');
    await send(commit);
    const checkout = join(travelling.base, 'worker/jobs/job-1/checkout');
    expect(readFileSync(join(checkout, 'a.bin'), 'utf8')).toBe('pointer\n');
    expect(existsSync(canary)).toBe(false);
    expect(existsSync(join(checkout, '.git/hooks'))).toBe(false);
  });
});
