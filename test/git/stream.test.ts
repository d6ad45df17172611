import {existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {Git} from '../../src/git/git.ts';
import {GitError} from '../../src/git/program.ts';
import type {RepositoryGit} from '../../src/git/repository-git.ts';
import {gitEnvironment, Repository} from '../support/repository.ts';

let base: string;
let git: RepositoryGit;

beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-stream-')));
  const {path} = Repository.create(join(base, 'shop'), {home: base});
  // A helper of a remote stands for whatever git starts.
  const helper = `#!/bin/sh\necho $$ > '${base}/pid'\ntty > '${base}/tty' 2>&1\nexec sleep 1000\n`;
  writeFileSync(join(base, 'git-remote-slow'), helper, {mode: 0o755});
  git = await new Git({...gitEnvironment(base), PATH: `${base}:${process.env.PATH}`}).at(path);
});
afterEach(() => rmSync(base, {recursive: true, force: true}));

const SLOW = ['ls-remote', 'slow::x'];
const env = {GIT_ALLOW_PROTOCOL: 'slow'};

/** The helper, once it runs. */
async function helperPid(): Promise<number> {
  const path = join(base, 'pid');
  while (!existsSync(path) || readFileSync(path, 'utf8').trim() === '') await new Promise(setImmediate);
  return Number(readFileSync(path, 'utf8'));
}

async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise(setImmediate);
  }
}

describe('git on a stream', () => {
  it('takes what it is given and gives what it prints, chunk by chunk', async () => {
    async function* content(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 20; index++) yield Buffer.alloc(100_000, index);
    }
    let object = '';
    await git.stream(['hash-object', '-w', '--stdin'], {
      input: content(),
      output: (chunk) => {
        object += chunk.toString();
      },
    });
    let bytes = 0;
    await git.stream(['cat-file', 'blob', object.trim()], {
      output: (chunk) => {
        bytes += chunk.length;
      },
    });
    expect(bytes).toBe(2_000_000);
  });

  it('fails with the words of git', async () => {
    await expect(git.stream(['cat-file', 'blob', 'HEAD'])).rejects.toThrow(
      /^fatal: git cat-file HEAD: bad file/,
    );
    await expect(git.stream(['cat-file', 'blob', 'HEAD'], {input: 'x'.repeat(1_000_000)})).rejects.toThrow(
      GitError,
    );
  });

  it('ends with what is thrown where its output is taken, or its input made', async () => {
    const stop = new Error('enough');
    const output = () => {
      throw stop;
    };
    await expect(git.stream(['rev-list', '--all'], {output})).rejects.toBe(stop);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      throw stop;
    }
    await expect(git.stream(['hash-object', '--stdin'], {input: broken()})).rejects.toBe(stop);
  });

  it('ends with all that it has started where it is aborted', async () => {
    const abort = new AbortController();
    const why = new Error('told to stop');
    const ended = expect(git.stream(SLOW, {env, signal: abort.signal})).rejects.toBe(why);
    const pid = await helperPid();
    abort.abort(why);
    await ended;
    await untilGone(pid);
  });

  it('ends with all that it has started where it takes too long, and has no terminal', async () => {
    await expect(git.stream(SLOW, {env, timeoutMs: 2_000})).rejects.toThrow(
      'git ls-remote took longer than 2 seconds',
    );
    await untilGone(await helperPid());
    expect(readFileSync(join(base, 'tty'), 'utf8')).toBe('not a tty\n');
  });
});
