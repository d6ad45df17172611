import type {Refused} from './changes.ts';
import {repositoriesAmong} from './nested.ts';
import type {GitOptions} from './program.ts';
import type {RepositoryGit} from './repository-git.ts';
import type {Workplace} from './worked-in.ts';

const EVERYTHING = [
  'status',
  '--porcelain',
  '-z',
  '--untracked-files=all',
  '--no-renames',
  // Git would run another git in each, by the configuration that it has there.
  '--ignore-submodules=dirty',
];
const BYTES = {encoding: 'latin1'} satisfies GitOptions;
/** In this many places git may refuse a file; what else is refused then is left where it is. */
const REFUSALS = 100;
/** No file is at fault, and none would be staged. */
const NOT_OF_A_FILE = /index\.lock|No space left/;

/** The names of all that is changed or new, in `latin1`, as a name may be any bytes; a folder has a slash at the end. */
export async function changedPaths(git: RepositoryGit): Promise<readonly string[]> {
  return (await changes(git)).map((entry) => entry.slice(3));
}

/** As {@link changedPaths}, of what the index does not have. */
async function unstagedPaths(git: RepositoryGit): Promise<readonly string[]> {
  const isUnstaged = (entry: string) => entry.startsWith('??') || (entry[1] ?? ' ') !== ' ';
  return (await changes(git)).filter(isUnstaged).map((entry) => entry.slice(3));
}

/** With what git says of each before its name, in two letters: of the index, and of the file. */
async function changes(git: RepositoryGit): Promise<readonly string[]> {
  return (await git.run(EVERYTHING, BYTES)).split('\0').filter((entry) => entry !== '');
}

/**
 * Stages what is changed, and all of it that can be: what git refuses must not keep the rest from being committed.
 * `git add` would look into each submodule, by another git with the configuration that is there.
 * @param paths of {@link changedPaths}.
 * @throws when nothing could be staged, with the reason for the first that was refused.
 */
export async function stage(worktree: Workplace, paths: readonly string[]): Promise<void> {
  const {git} = worktree;
  const refused = await worktree.copy(paths);
  const refusals: unknown[] = refused.map(({why}) => why);
  // What is there and was not copied is not to look like something that the agent has removed.
  const copied = paths.filter((path) => !refused.some((one) => isAt(path, one)));
  // What was a file is forgotten as one first, and then known as a repository.
  await stageEach(git, [...copied, ...(await repositoriesAmong(git, copied))], refusals);
  if (refusals.length > 0 && !(await isStaged(git))) throw refusals[0];
}

/** What has changed in a worktree and is not staged, though git has been given all of it that could be copied. */
export async function notStaged(worktree: Workplace): Promise<readonly string[]> {
  const claimed = await unstagedPaths(worktree.look);
  if (claimed.length === 0) return [];
  // A filter may make of a file what is committed, and none runs where git only looks.
  const refused = await worktree.copy(claimed);
  const changed = new Set(await unstagedPaths(worktree.git));
  const others = claimed.filter((path) => changed.has(path) && !refused.some((one) => isAt(path, one)));
  // By its own name, as what is claimed to be below it may be outside.
  return [...others, ...refused.map(({path}) => path)].sort();
}

/** Whether what would be committed differs from the last commit. */
export async function isStaged(git: RepositoryGit): Promise<boolean> {
  return (await git.ask(['diff-index', '--cached', '--quiet', 'HEAD'])) === undefined;
}

/** All at once, or else each half by itself. */
async function stageEach(git: RepositoryGit, paths: readonly string[], refusals: unknown[]): Promise<void> {
  try {
    await update(git, paths);
  } catch (error) {
    if (paths.length <= 1 || NOT_OF_A_FILE.test(String(error))) refusals.push(error);
    else {
      const half = Math.ceil(paths.length / 2);
      for (const part of [paths.slice(0, half), paths.slice(half)])
        if (refusals.length < REFUSALS) await stageEach(git, part, refusals);
    }
  }
}

async function update(git: RepositoryGit, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  // A folder in the list is a repository, of which git stages the commit.
  const input = paths.map((path) => `${path.replace(/\/$/, '')}\0`).join('');
  await git.run(['update-index', '-z', '--add', '--remove', '--replace', '--stdin'], {...BYTES, input});
}

function isAt(path: string, refused: Refused): boolean {
  return `${path}/`.startsWith(`${refused.path}/`);
}
