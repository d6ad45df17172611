import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Worktree} from '../delegation/model/worktree.ts';
import {type Change, differing} from './change.ts';
import type {Git} from './git.ts';
import {removeWorktree} from './open.ts';
import {BRANCHES} from './plan.ts';
import type {RepositoryGit} from './repository-git.ts';

/**
 * Why work would be lost with a worktree: whole sentences, none where all of it is elsewhere. It is elsewhere when another
 * branch contains it, or the commit that is checked out has the same files.
 */
export async function unmergedIn(git: Git, worktree: Worktree, change: Change): Promise<readonly string[]> {
  const {checkout, branch, outcome} = worktree;
  const {git: at, base, tree, head, uncommitted, hasFolder, notes} = change;
  const files = await differing(at, [base, tree]);
  const onlyInFolder = [...notes, ...(hasFolder && outcome?.is === 'kept' ? outcome.notes : [])];
  if (files.length === 0) return onlyInFolder;
  const own = await git.at(checkout).catch(() => undefined);
  const current = await own?.ask(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  const apart = current === undefined ? files : await differing(at, [current, tree]);
  const missing = new Set(apart.map(({path}) => path));
  if (!files.some(({path}) => missing.has(path))) return onlyInFolder;
  if (uncommitted.length > 0) return [...onlyInFolder, `Not committed: ${uncommitted.join(', ')}.`];
  const places = ['refs/heads', 'refs/remotes', 'refs/tags'];
  const containing = await at.ask([
    ...['for-each-ref', '--format=%(refname)', `--contains=${head}`],
    ...places,
  ]);
  const others = (containing ?? '').split('\n').filter((ref) => ref !== '' && ref !== `refs/heads/${branch}`);
  return others.length > 0 ? onlyInFolder : [...onlyInFolder, `No other branch contains ${branch}.`];
}

/** Removes a worktree and its branch, whatever that points at. Resolves with what could not be, in whole sentences. */
export async function dropWorktree(git: Git, worktree: Worktree): Promise<readonly string[]> {
  const {checkout, branch} = worktree;
  await removeWorktree(git, worktree);
  const at = await git.at(checkout).catch(() => undefined);
  const ref = `refs/heads/${branch}`;
  const tip = await at?.ask(['rev-parse', '--verify', '--quiet', ref]);
  if (at === undefined || tip === undefined) return [];
  if (!branch.startsWith(`${BRANCHES}/`)) return [`${branch} is no branch of a delegation, and stays.`];
  if (await isCheckedOut(at, ref)) return [`${branch} is checked out in another worktree, and stays.`];
  await at.run(['update-ref', '-d', ref, tip]);
  return [];
}

/** Git finds the worktrees by itself, save the one whose folder the stand-in takes the place of. */
async function isCheckedOut(at: RepositoryGit, ref: string): Promise<boolean> {
  const main = await readFile(join(at.folders.commonDir, 'HEAD'), 'utf8').catch(() => '');
  if (main.trim() === `ref: ${ref}`) return true;
  return ((await at.ask(['for-each-ref', '--format=%(worktreepath)', ref])) ?? '') !== '';
}
