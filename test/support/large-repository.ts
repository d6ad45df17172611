import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {gitEnvironment, type Repository} from './repository.ts';

const FILE_BYTES = 10_000_000;
/** Neither compressed nor compared with each other, which would take minutes and make nothing smaller. */
const QUICKLY = ['-c', 'core.compression=0', '-c', 'pack.compression=0'];

/**
 * Puts a history of so many files of 10 MB on the branch `main`, each of noise. All but the first few are gone again in
 * the last commit, so that a checkout does not have them.
 */
export async function growLarge(
  repository: Repository,
  {home, files, kept}: {home: string; files: number; kept: number},
): Promise<void> {
  const child = spawn('git', [...QUICKLY, 'fast-import', '--quiet', '--depth=0'], {
    cwd: repository.path,
    env: gitEnvironment(home),
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close');
  await pipeline(Readable.from(history(files, kept)), child.stdin);
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
  repository.git('reset', '--quiet', '--hard');
}

function* history(files: number, kept: number): Generator<Buffer> {
  const numbers = Array.from({length: files}, (_, n) => n + 1);
  for (const n of numbers) {
    yield Buffer.from(`blob\nmark :${n}\ndata ${FILE_BYTES}\n`);
    yield randomBytes(FILE_BYTES);
    yield Buffer.from('\n');
  }
  const added = numbers.map((n) => `M 100644 :${n} ${nameOf(n)}\n`);
  yield commit('large', 'refs/heads/main^0', added);
  const removed = numbers.slice(kept).map((n) => `D ${nameOf(n)}\n`);
  yield commit('smaller', undefined, removed);
}

function commit(message: string, from: string | undefined, changes: readonly string[]): Buffer {
  const who = 'Ada <ada@example.org> 1700000000 +0000';
  const parent = from === undefined ? '' : `from ${from}\n`;
  return Buffer.from(
    `commit refs/heads/main\ncommitter ${who}\ndata ${message.length}\n${message}\n${parent}${changes.join('')}\n`,
  );
}

function nameOf(n: number): string {
  return `assets/film-${n}.bin`;
}
