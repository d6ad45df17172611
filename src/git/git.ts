import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {dirname} from 'node:path';
import {FIXED_ENVIRONMENT, LIST_SETTINGS, Settings} from './settings.ts';

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

/** The folders of a worktree, as they were when it was made: what lies in it now does not say which they are. */
export interface Folders {
  /** Where its files are. */
  readonly workTree: string;
  /** What git knows of this worktree alone. */
  readonly gitDir: string;
  /** What all worktrees of the repository share. */
  readonly commonDir: string;
}

/**
 * Runs git in a directory that may be hostile: agents write there, and maybe into the repository's configuration.
 * No command runs that such a repository names, but for the filter of LFS as it is known; those of the person's own
 * configuration do. Nothing is fetched. Every git of ours runs through this.
 */
export class Git {
  readonly #person: NodeJS.ProcessEnv;
  readonly #env: NodeJS.ProcessEnv;

  /** @param env the person's. @param folders which repository it is, where that is not to be looked for. */
  constructor(env: NodeJS.ProcessEnv, folders: NodeJS.ProcessEnv = {}) {
    this.#person = env;
    this.#env = {
      ...Object.fromEntries(
        Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || KEPT.test(name)),
      ),
      ...folders,
      GIT_TERMINAL_PROMPT: '0',
      // A look at the user's checkout must not write to its index.
      GIT_OPTIONAL_LOCKS: '0',
      // What a repository lacks git would fetch, by a program that the repository names.
      GIT_ALLOW_PROTOCOL: 'none',
      LC_ALL: 'C',
    };
  }

  /** The same, for the worktree of these folders and no other repository. */
  inside({workTree, gitDir, commonDir}: Folders): Git {
    const env = {GIT_WORK_TREE: workTree, GIT_DIR: gitDir, GIT_COMMON_DIR: commonDir};
    return new Git(this.#person, env);
  }

  /**
   * What git prints, less the line ends after it.
   * @throws GitError when it fails, GitMissing when there is none.
   */
  async run(directory: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#run(directory, args, await this.#safely(directory, options));
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

  /**
   * What is set in a directory, and by whom.
   * @throws as {@link run} does.
   */
  async settings(directory: string, {signal, timeoutMs}: GitOptions = {}): Promise<Settings> {
    const options = {
      env: FIXED_ENVIRONMENT,
      ...(signal !== undefined && {signal}),
      ...(timeoutMs !== undefined && {timeoutMs}),
    };
    const settings = new Settings(await this.#run(directory, LIST_SETTINGS, options));
    if (!settings.isHeld) throw new GitError('git is older than 2.31, which cannot be told what not to run');
    return settings;
  }

  /** Looked at before every command: whoever writes there may do so at any time. */
  async #safely(directory: string, options: GitOptions): Promise<GitOptions> {
    const {environment} = await this.settings(directory, options);
    return {...options, env: {...options.env, ...environment}};
  }

  #run(directory: string, args: readonly string[], options: GitOptions): Promise<string> {
    const {input = '', signal, env, timeoutMs} = options;
    return new Promise((resolve, reject) => {
      const child = execFile(
        'git',
        ['-C', directory, ...args],
        {
          // Not where agents write: on Windows, a program is looked for there first.
          cwd: dirname(process.execPath),
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

function failureOf(error: Error, {directory, stderr}: {directory: string; stderr: string}): Error {
  if ('code' in error && error.code === 'ENOENT') return new GitMissing(error.message);
  return new GitError(existsSync(directory) ? wordsOf(stderr, error) : `${directory} is not there`);
}

function wordsOf(stderr: string, error: Error): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('hint:'));
  const telling = lines.filter((line) => /^(fatal|error):/.test(line));
  return (telling.length > 0 ? telling : lines).join(' ').trim() || error.message;
}
