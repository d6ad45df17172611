import {join, posix, relative, resolve, sep} from 'node:path';
import {contains} from '../base/contains.ts';
import {messageOf} from '../base/errors.ts';
import {oneLine} from '../base/safe-text.ts';
import type {SettledWorktree, WorkInWorktree, Worktree} from '../delegation/model/worktree.ts';
import {committerOf} from './committer.ts';
import {exists} from './exists.ts';
import type {Git} from './git.ts';
import {repositoriesThere} from './nested.ts';
import {BASE_REF, removeWorktree} from './open.ts';
import type {RepositoryGit} from './repository-git.ts';
import {changedPaths, isStaged, notStaged, stage} from './stage.ts';
import {WorkedIn} from './worked-in.ts';

/** Neither the user's viewers nor their converters may run. */
const PLAIN_DIFF = ['--no-ext-diff', '--no-textconv', '--no-color', '--ignore-submodules=dirty'];
/**
 * Commits what was changed in a worktree and keeps it, or removes it and its branch. Never rejects: where git
 * fails, the worktree is kept, and says so.
 */
export async function settleWorktree(
  git: Git,
  worktree: Worktree,
  work: WorkInWorktree,
): Promise<SettledWorktree> {
  let there: WorkedIn | undefined;
  try {
    there = await WorkedIn.open(git, worktree);
    if (there === undefined) return await gone(git, worktree);
    const {git: own, look} = there;
    // Where it was not completely made, nobody has worked in it, and what is missing was not deleted.
    const isMade = (await own.ask(['rev-parse', '--verify', '--quiet', BASE_REF])) !== undefined;
    if (!isMade) return await removed(git, worktree);
    const notes = [...(await commit(there, worktree, work)), ...(await leftOut(there))];
    const ignored = await ignoredAmong(look, worktree, work.files);
    if (ignored.length > 0) notes.push(`Ignored by git, and only in its folder: ${ignored.join(', ')}.`);
    const head = await headOf(own);
    notes.push(...(await leftElsewhere(own, worktree, head)));
    notes.push(...(await repositoriesIn(there, [worktree.base, head])));
    if (head === worktree.base && notes.length === 0) return await removed(git, worktree);
    return await kept(own, worktree, {head, notes, ignored});
  } catch (error) {
    const notes = [
      `Its changes could not be committed and lie in its folder as they are: ${messageOf(error)}.`,
    ];
    return {worktree: {...worktree, outcome: {is: 'kept', diffstat: '', notes}}};
  } finally {
    await there?.close();
  }
}

/** Somebody has taken the folder away: what was committed is still on the branch. */
async function gone(git: Git, worktree: Worktree): Promise<SettledWorktree> {
  const {checkout, branch, base} = worktree;
  const at = await git.at(checkout);
  const tip = await at.ask(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]);
  if (tip === undefined || tip === base) return removed(git, worktree);
  const diffstat = await at.run(['diff', ...PLAIN_DIFF, '--shortstat', base, tip]);
  const notes = ['Its folder is gone; what was committed before is on the branch.'];
  return {worktree: {...worktree, outcome: {is: 'kept', commit: tip, diffstat: diffstat.trim(), notes}}};
}

async function removed(git: Git, worktree: Worktree): Promise<SettledWorktree> {
  await removeWorktree(git, worktree);
  return {worktree: {...worktree, outcome: {is: 'removed'}}, filesChanged: []};
}

async function kept(
  git: RepositoryGit,
  worktree: Worktree,
  {head, notes, ignored}: {head: string; notes: readonly string[]; ignored: readonly string[]},
): Promise<SettledWorktree> {
  const {path, base, since = base, directory} = worktree;
  const [diffstat, names] = await Promise.all([
    git.run(['diff', ...PLAIN_DIFF, '--shortstat', base, head]),
    git.run(['diff', ...PLAIN_DIFF, '--name-only', '--no-renames', '-z', since, head]),
  ]);
  const prefix = relative(path, directory).split(sep).join('/');
  const filesChanged = names
    .split('\0')
    .filter((name) => name !== '')
    .map((name) => posix.relative(prefix, name));
  return {
    worktree: {...worktree, outcome: {is: 'kept', commit: head, diffstat: diffstat.trim(), notes}},
    filesChanged: [...filesChanged, ...ignored].sort(),
  };
}

/** Commits all that is changed, on the worktree's own branch. Returns what is to be said about it. */
async function commit(
  there: WorkedIn,
  worktree: Worktree,
  {id, title}: WorkInWorktree,
): Promise<readonly string[]> {
  const {git, look} = there;
  const elsewhere = await leaveForeignBranch(git, worktree);
  const paths = await changedPaths(look);
  if (paths.length > 0) {
    await stage(there, paths);
    if (await isStaged(git)) {
      await git.run(['commit', '--quiet', '--no-verify', '--cleanup=verbatim', '--file=-'], {
        input: `${oneLine(title)}\n\nDelegation: ${id}\n`,
        env: await committerOf(git),
      });
    }
  }
  return elsewhere ? await comeHome(git, worktree) : [];
}

/** An agent may have switched to another branch, maybe one of the user's: what we commit must not move that. */
async function leaveForeignBranch(git: RepositoryGit, {branch}: Worktree): Promise<boolean> {
  const current = await git.ask(['symbolic-ref', '--quiet', 'HEAD']);
  if (current === `refs/heads/${branch}`) return false;
  if (current !== undefined) await git.run(['update-ref', '--no-deref', 'HEAD', await headOf(git)]);
  return true;
}

/** Puts the worktree's own branch where the work is, if nothing is lost by that. */
async function comeHome(git: RepositoryGit, {branch}: Worktree): Promise<readonly string[]> {
  const ref = `refs/heads/${branch}`;
  const head = await headOf(git);
  const tip = await git.ask(['rev-parse', '--verify', '--quiet', ref]);
  const isAhead =
    tip === undefined || (await git.ask(['merge-base', '--is-ancestor', tip, head])) !== undefined;
  if (!isAhead) {
    return [
      `The agent left ${branch}, which has other commits: the work is at ${head}, checked out in its folder.`,
    ];
  }
  await git.run(['update-ref', ref, head]);
  await git.run(['symbolic-ref', 'HEAD', ref]);
  return [];
}

function headOf(git: RepositoryGit): Promise<string> {
  return git.run(['rev-parse', 'HEAD']);
}

/** What git sees and could not commit. */
async function leftOut(there: WorkedIn): Promise<readonly string[]> {
  const paths = (await notStaged(there)).map((path) => Buffer.from(path, 'latin1').toString());
  return paths.length === 0 ? [] : [`Not in the commit, and only in its folder: ${paths.join(', ')}.`];
}

/** Other branches that the agent has committed on and left again, with what is not where the worktree ends. */
async function leftElsewhere(
  git: RepositoryGit,
  {branch}: Worktree,
  head: string,
): Promise<readonly string[]> {
  const moves = (await git.ask(['reflog', 'show', '--format=%H %gs', 'HEAD'])) ?? '';
  const made = moves.split('\n').flatMap((line) => /^(\w+) commit\b/.exec(line)?.[1] ?? []);
  if (made.length === 0) return [];
  const containing = made.map((commit) => `--contains=${commit}`);
  const format = '--format=%(refname:short)';
  const args = ['for-each-ref', format, `--no-merged=${head}`, ...containing, 'refs/heads'];
  const found = ((await git.ask(args)) ?? '').split('\n');
  const others = found.filter((name) => name !== '' && name !== branch);
  return others.length === 0 ? [] : [`The agent has also committed on ${others.join(', ')}.`];
}

/** Anyone who drops the worktree drops what is in these. */
async function repositoriesIn(
  {git, look}: WorkedIn,
  range: readonly [base: string, head: string],
): Promise<readonly string[]> {
  const raw = await git.run(['diff', ...PLAIN_DIFF, '--raw', '--no-renames', '-z', ...range]);
  const moved = [...raw.matchAll(/:\d+ 160000 [^\0]*\0([^\0]+)\0/g)].map(([, name]) => name);
  const others = (await repositoriesThere(look)).filter((name) => !moved.includes(name));
  const notes: string[] = [];
  if (others.length > 0) {
    notes.push(
      `Not looked into, as an agent can have written what git would run there: ${others.join(', ')}. What was changed in such a repository is only in its folder.`,
    );
  }
  if (moved.length > 0) {
    notes.push(
      `Repositories of their own, of which the branch has no more than the name of a commit; their files are only in its folder: ${moved.join(', ')}.`,
    );
  }
  return notes;
}

/** Those of the files that the agent says it wrote, are there, and are none of git's. */
async function ignoredAmong(
  git: RepositoryGit,
  {directory}: Worktree,
  files: readonly string[],
): Promise<readonly string[]> {
  // What lies outside the worktree is none of git's, and has nothing to do with what is kept here.
  const inside = files.filter((file) => contains(directory, resolve(directory, file)));
  if (inside.length === 0) return [];
  const listed = await git.ask(['check-ignore', '-z', '--stdin'], {directory, input: inside.join('\0')});
  const ignored = (listed ?? '').split('\0').filter((file) => file !== '');
  const there = await Promise.all(ignored.map((file) => exists(join(directory, file))));
  return ignored.filter((_, index) => there[index]);
}
