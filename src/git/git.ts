import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {devNull} from 'node:os';

/** Of git's own variables, those that say who the user is and where their settings are. The rest is of one command. */
const KEPT = /^GIT_(AUTHOR_(NAME|EMAIL)|COMMITTER_(NAME|EMAIL)|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|EXEC_PATH)$/;
/**
 * Git's words when it comes across a worktree that another git is making at this moment, which several delegations
 * that start together do. It has changed nothing then, and a moment later there is nothing to come across.
 */
const HALF_MADE = /failed to read .*worktrees.*commondir/;
const HALF_MADE_ATTEMPTS = 20;
/** A list of all files of a large repository. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * Nothing of the user's may run, wait for a person, or write beside what was asked for: no hooks, no signing, no
 * background work.
 */
const SETTINGS = [
  `core.hooksPath=${devNull}`,
  'commit.gpgSign=false',
  // It would refuse a whole commit for the line ends of one file, which the folder keeps as they are.
  'core.safecrlf=false',
  'core.fsmonitor=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  // One process a core: large checkouts take half the time.
  'checkout.workers=0',
].flatMap((setting) => ['-c', setting]);

/** Git could not do it. The message is git's own. */
export class GitError extends Error {
  override readonly name = 'GitError';
}

/** Git is not there. */
export class GitMissing extends Error {
  override readonly name = 'GitMissing';
}

export interface GitOptions {
  /** Written to its standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Set on top of the environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** Runs git in a directory. */
export class Git {
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = {
      ...Object.fromEntries(
        Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || KEPT.test(name)),
      ),
      GIT_TERMINAL_PROMPT: '0',
      // A look at the user's checkout must not write to its index.
      GIT_OPTIONAL_LOCKS: '0',
      LC_ALL: 'C',
    };
  }

  /**
   * What git prints, less the line ends after it.
   * @throws GitError when it fails, GitMissing when there is none.
   */
  async run(directory: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#run(directory, args, options);
      } catch (error) {
        const isPassing = error instanceof GitError && HALF_MADE.test(error.message);
        if (!isPassing || attempt === HALF_MADE_ATTEMPTS) throw error;
      }
    }
  }

  /** As {@link run}; `undefined` where git fails, for questions whose answer may be no. */
  async ask(
    directory: string,
    args: readonly string[],
    options: GitOptions = {},
  ): Promise<string | undefined> {
    try {
      return await this.run(directory, args, options);
    } catch (error) {
      if (error instanceof GitError) return undefined;
      throw error;
    }
  }

  #run(directory: string, args: readonly string[], options: GitOptions): Promise<string> {
    const {input = '', signal, env, timeoutMs} = options;
    return new Promise((resolve, reject) => {
      const child = execFile(
        'git',
        [...SETTINGS, ...args],
        {
          cwd: directory,
          env: {...this.#env, ...env},
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
      child.stdin?.end(input);
    });
  }
}

/** Node says the same when there is no git and when there is no directory to run it in. */
function failureOf(error: Error, {directory, stderr}: {directory: string; stderr: string}): Error {
  const isMissing = 'code' in error && error.code === 'ENOENT';
  if (isMissing && existsSync(directory)) return new GitMissing(error.message);
  return new GitError(isMissing ? `${directory} is not there` : wordsOf(stderr, error));
}

function wordsOf(stderr: string, error: Error): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('hint:'));
  const telling = lines.filter((line) => /^(fatal|error):/.test(line));
  return (telling.length > 0 ? telling : lines).join(' ').trim() || error.message;
}
