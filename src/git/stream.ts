import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {dirname} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {GitError, GitMissing, type GitOptions, gitWords} from './program.ts';

/** Of a program that complains without end, its first words are enough. */
const MAX_WORDS_CHARACTERS = 16_384;

export interface StreamOptions extends Omit<GitOptions, 'input' | 'encoding'> {
  readonly input?: string | AsyncIterable<Uint8Array>;
  /** Takes what git prints, as it comes; git waits for it. What it throws ends git, and is thrown. */
  readonly output?: (chunk: Buffer) => void | Promise<void>;
}

/**
 * Runs git on more than fits into memory. It has no terminal, so nothing that it starts can ask there. When it is
 * aborted or takes too long, what it has started ends with it.
 * @throws GitError when it fails, GitMissing when there is none, the signal's reason when it is aborted.
 */
export async function streamProgram(
  directory: string,
  args: readonly string[],
  {input = '', output = () => {}, signal, env, timeoutMs}: StreamOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const child = spawn('git', ['-C', directory, ...args], {
    // As in `runProgram`.
    cwd: dirname(process.execPath),
    env,
    stdio: 'pipe',
    windowsHide: true,
    // A group, and a session without a terminal.
    detached: process.platform !== 'win32',
  });
  const end = () => endGroup(child.pid, () => child.kill('SIGKILL'));
  let cause: {readonly error: unknown} | undefined;
  const fail = (error: unknown) => {
    cause ??= {error};
    end();
  };
  const onAbort = () => fail(signal?.reason);
  signal?.addEventListener('abort', onAbort, {once: true});
  const late = () =>
    fail(new GitError(`git ${args[0]} took longer than ${(timeoutMs ?? 0) / 1_000} seconds`));
  const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < MAX_WORDS_CHARACTERS) stderr += text;
  });
  const ended = new Promise<{code: number | null; error?: Error}>((resolve) => {
    child.once('error', (error) => resolve({code: null, error}));
    child.once('close', (code) => resolve({code}));
  });
  const given = pipeline(Readable.from(typeof input === 'string' ? [input] : input), child.stdin).catch(
    (error: unknown) => {
      // It may end without having read its input: its exit code says why.
      if (!isPipeError(error)) fail(error);
    },
  );
  try {
    try {
      for await (const chunk of child.stdout) await output(chunk);
    } catch (error) {
      fail(error);
    }
    const {code, error} = await ended;
    await given;
    if (cause !== undefined) throw cause.error;
    if (error !== undefined)
      throw 'code' in error && error.code === 'ENOENT' ? new GitMissing(error.message) : error;
    if (code !== 0) {
      const fallback = new Error(`git ${args[0]} has ended with ${code ?? 'a signal'}`);
      throw new GitError(existsSync(directory) ? gitWords(stderr, fallback) : `${directory} is not there`);
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    // Whatever it has left running holds nothing of ours, and must not outlive it.
    if (cause !== undefined) end();
  }
}

function isPipeError(error: unknown): boolean {
  const codes: readonly unknown[] = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'];
  return error instanceof Error && 'code' in error && codes.includes(error.code);
}

function endGroup(pid: number | undefined, endOne: () => void): void {
  if (pid === undefined) return;
  try {
    if (process.platform === 'win32') endOne();
    else process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
