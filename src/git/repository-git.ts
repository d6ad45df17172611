import {GitError, type GitOptions, GitTooOld, runProgram} from './program.ts';
import {FIXED_ENVIRONMENT, LIST_SETTINGS, Settings} from './settings.ts';
import {withStandIn} from './stand-in.ts';
import {type StreamOptions, streamProgram} from './stream.ts';

/**
 * Git's words when it comes across a worktree that another git is making at this moment, which several delegations
 * that start together do. It has changed nothing then, and a moment later there is nothing to come across.
 */
const HALF_MADE = /failed to read .*worktrees.*commondir/;
const HALF_MADE_ATTEMPTS = 20;

/** The folders of a worktree. */
export interface Folders {
  /** Where its files are. */
  readonly workTree: string;
  /** What git knows of this worktree alone. */
  readonly gitDir: string;
  /** What all worktrees of the repository share. */
  readonly commonDir: string;
}

/**
 * Git in one worktree. It never reads the repository's own configuration: a stand-in takes its place, with those of its
 * settings that name no program. So no condition in it, nor anybody who changes it meanwhile, can have git run a
 * command, but for the filter of LFS as it is known; commands of the person's own configuration do run. Which
 * repository it is comes from the folders, and not from what lies in the worktree. Nothing is fetched.
 */
export class RepositoryGit {
  readonly folders: Folders;
  readonly #env: NodeJS.ProcessEnv;
  readonly #filters: 'on' | 'off';
  readonly #over: NodeJS.ProcessEnv;

  /**
   * @param env as `Git` makes it.
   * @param options `filters: 'off'` has not even those of LFS and of the person run; `over` is set on top of `env`, and
   * of where git finds the repository.
   */
  constructor(
    folders: Folders,
    env: NodeJS.ProcessEnv,
    {filters = 'on', over = {}}: {filters?: 'on' | 'off'; over?: NodeJS.ProcessEnv} = {},
  ) {
    this.folders = folders;
    this.#filters = filters;
    this.#over = over;
    const {workTree, gitDir, commonDir} = folders;
    this.#env = {...env, GIT_WORK_TREE: workTree, GIT_DIR: gitDir, GIT_COMMON_DIR: commonDir};
  }

  /** The same, with more set in the environment: another index, say. */
  with(env: NodeJS.ProcessEnv): RepositoryGit {
    return new RepositoryGit(this.folders, this.#env, {
      filters: this.#filters,
      over: {...this.#over, ...env},
    });
  }

  /**
   * What git prints, less the line ends after it.
   * @throws GitError when it fails, GitMissing when there is none, GitTooOld when it cannot be told what not to run.
   */
  async run(args: readonly string[], options: GitOptions = {}): Promise<string> {
    const {directory = this.folders.workTree} = options;
    return this.#withEnvironment(options, async (env) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await runProgram(directory, args, {...options, env});
        } catch (error) {
          const isPassing = error instanceof GitError && HALF_MADE.test(error.message);
          if (!isPassing || attempt === HALF_MADE_ATTEMPTS) throw error;
        }
      }
    });
  }

  /**
   * As {@link run}, for what is larger than memory or talks to another machine.
   * @throws as {@link run} does; also what `output` and `input` throw, and the signal's reason.
   */
  async stream(args: readonly string[], options: StreamOptions = {}): Promise<void> {
    const {directory = this.folders.workTree} = options;
    await this.#withEnvironment(options, (env) => streamProgram(directory, args, {...options, env}));
  }

  /** As {@link run}; `undefined` where git fails, for questions whose answer may be no. */
  async ask(args: readonly string[], options: GitOptions = {}): Promise<string | undefined> {
    try {
      return await this.run(args, options);
    } catch (error) {
      if (error instanceof GitError) return undefined;
      throw error;
    }
  }

  /**
   * What is set here, and by whom. To list it runs nothing.
   * @throws as {@link run} does.
   */
  async settings({signal, timeoutMs}: GitOptions = {}): Promise<Settings> {
    const {workTree, commonDir} = this.folders;
    const listing = await runProgram(workTree, LIST_SETTINGS, {
      encoding: 'latin1',
      env: {...this.#env, ...FIXED_ENVIRONMENT},
      ...(signal !== undefined && {signal}),
      ...(timeoutMs !== undefined && {timeoutMs}),
    });
    const settings = new Settings(listing, commonDir);
    if (!settings.isHeld) throw new GitTooOld('git is older than 2.31');
    return settings;
  }

  async #withEnvironment<Result>(
    {env, signal, timeoutMs}: Pick<GitOptions, 'env' | 'signal' | 'timeoutMs'>,
    use: (env: NodeJS.ProcessEnv) => Promise<Result>,
  ): Promise<Result> {
    const limits = {...(signal !== undefined && {signal}), ...(timeoutMs !== undefined && {timeoutMs})};
    const settings = await this.settings(limits);
    const config = settings.standIn + (this.#filters === 'off' ? settings.noFilters : '');
    return withStandIn(this.folders.commonDir, config, (standIn) =>
      use({...this.#env, ...FIXED_ENVIRONMENT, ...standIn, ...this.#over, ...env}),
    );
  }
}
