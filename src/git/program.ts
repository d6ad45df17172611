import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {dirname} from 'node:path';

/** A list of all files of a large repository. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Git could not do it. The message is git's own. */
export class GitError extends Error {
  override readonly name = 'GitError';
}

/** Git is not there. */
export class GitMissing extends Error {
  override readonly name = 'GitMissing';
}

/** Git is too old for us to say what it must not run. */
export class GitTooOld extends Error {
  override readonly name = 'GitTooOld';
}

export interface GitOptions {
  /** Where it runs; the top of the worktree unless it is given. */
  readonly directory?: string;
  /** Written to its standard input. */
  readonly input?: string;
  /** `latin1` gives names of files and settings back byte by byte, whatever they are. */
  readonly encoding?: 'utf8' | 'latin1';
  readonly signal?: AbortSignal;
  /** Set on top of the environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/**
 * What git prints, less the line ends after it.
 * @throws GitError when it fails, GitMissing when there is none.
 */
export function runProgram(
  directory: string,
  args: readonly string[],
  {input = '', encoding = 'utf8', signal, env, timeoutMs}: GitOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      ['-C', directory, ...args],
      {
        // Not where agents write: on Windows, a program is looked for there first.
        cwd: dirname(process.execPath),
        env,
        encoding,
        maxBuffer: MAX_OUTPUT_BYTES,
        windowsHide: true,
        ...(signal !== undefined && {signal}),
        ...(timeoutMs !== undefined && {timeout: timeoutMs}),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout.replace(/[\r\n]+$/, ''));
        else reject(failureOf(error, {directory, stderr}));
      },
    );
    // It may end without having read its input.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input, encoding);
  });
}

function failureOf(error: Error, {directory, stderr}: {directory: string; stderr: string}): Error {
  if ('code' in error && error.code === 'ENOENT') return new GitMissing(error.message);
  return new GitError(existsSync(directory) ? gitWords(stderr, error) : `${directory} is not there`);
}

/** Git's own words for what went wrong. */
export function gitWords(stderr: string, error: Error): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('hint:'));
  const telling = lines.filter((line) => /^(fatal|error):/.test(line));
  return (telling.length > 0 ? telling : lines).join(' ').trim() || error.message;
}
