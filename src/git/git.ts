import {realpath} from 'node:fs/promises';
import {devNull} from 'node:os';
import {delimiter, isAbsolute, resolve} from 'node:path';
import {GitError, type GitOptions, runProgram} from './program.ts';
import {type Folders, RepositoryGit} from './repository-git.ts';
import {FIXED_ENVIRONMENT} from './settings.ts';

/** Of git's own variables, those that say who the user is and where their settings are. The rest is of one command. */
const KEPT = /^GIT_(AUTHOR_(NAME|EMAIL)|COMMITTER_(NAME|EMAIL)|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|EXEC_PATH)$/;

/** Where a directory is. */
export interface Location {
  readonly folders: Folders;
  /** The path from the top of the worktree to the directory; empty for the top itself. */
  readonly prefix: string;
}

/**
 * Git for directories that may be hostile: agents write there, and maybe into the repository's configuration. By
 * itself it only finds out which repository a directory is in. Everything else runs in {@link RepositoryGit}.
 */
export class Git {
  readonly #env: NodeJS.ProcessEnv;

  /** @param env the person's. */
  constructor(env: NodeJS.ProcessEnv) {
    this.#env = {
      ...Object.fromEntries(
        Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || KEPT.test(name)),
      ),
      ...(env.PATH !== undefined && {PATH: absolutePath(env.PATH)}),
      GIT_TERMINAL_PROMPT: '0',
      // A look at the user's checkout must not write to its index.
      GIT_OPTIONAL_LOCKS: '0',
      // What a repository lacks git would fetch, by a program that the repository names.
      GIT_ALLOW_PROTOCOL: 'none',
      GIT_NO_LAZY_FETCH: '1',
      LC_ALL: 'C',
    };
  }

  /** Git in the repository of these folders and no other. */
  inside(folders: Folders): RepositoryGit {
    return new RepositoryGit(folders, this.#env);
  }

  /** As {@link inside}, and no program runs at all. */
  looking(folders: Folders): RepositoryGit {
    return new RepositoryGit(folders, this.#env, {filters: 'off'});
  }

  /**
   * Git in the repository that a directory is in.
   * @throws as {@link locate} does.
   */
  async at(directory: string): Promise<RepositoryGit> {
    return this.inside((await this.locate(directory)).folders);
  }

  /**
   * Which repository a directory is in.
   * @throws GitError when it is in none, or in one without a worktree; GitMissing when there is no git.
   */
  async locate(directory: string): Promise<Location> {
    const args = ['--show-prefix', '--absolute-git-dir', '--git-common-dir', '--show-toplevel'];
    const lines = (await this.revParse(directory, args)).split('\n');
    const [prefix = '', gitDir = '', commonDir = '', workTree = ''] = lines;
    if (lines.length !== args.length) throw new GitError(`there is a line break in the path of ${directory}`);
    const folders = {
      workTree: await realpath(resolve(workTree)),
      gitDir: await realpath(gitDir),
      commonDir: await realpath(resolve(directory, commonDir)),
    };
    return {folders, prefix: prefix.replace(/\/$/, '')};
  }

  /**
   * What git says of a directory itself. It reads no file of the worktree for that, and runs nothing.
   * @throws GitError when it fails, GitMissing when there is none.
   */
  revParse(directory: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
    const env = {...this.#env, ...FIXED_ENVIRONMENT};
    return runProgram(directory, ['rev-parse', ...args], {...options, env});
  }
}

/** Without the folders that are looked for where git runs: agents could put programs there. */
function absolutePath(path: string): string {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  // An empty one would mean the folder that git runs in.
  return folders.join(delimiter) || devNull;
}
