import {readdir} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {messageOf, Refusal} from '../delegation/errors.ts';
import type {
  SettledWorktree,
  WorkInWorktree,
  Worktree,
  WorktreePlan,
  Worktrees,
} from '../delegation/worktree.ts';
import {Git} from './git.ts';
import {BASE_REF, exists, hasBranch, makeWorktree, restoreWorktree} from './open.ts';
import {BRANCHES, planWorktree} from './plan.ts';
import {settleWorktree} from './settle.ts';

const NEVER = new AbortController().signal;

/** Worktrees of git, each in `<root>/<project>/<id>` and on a branch of its own. */
export class GitWorktrees implements Worktrees {
  readonly #root: string;
  readonly #git: Git;

  /** @param root the folder that worktrees are made in; it is made when it is first needed. */
  constructor({root, env}: {root: string; env: NodeJS.ProcessEnv}) {
    this.#root = root;
    this.#git = new Git(env);
  }

  plan(directory: string): Promise<WorktreePlan> {
    return planWorktree(this.#git, directory);
  }

  place({checkout, prefix, base}: WorktreePlan, of: {project: string; id: string}): Worktree {
    const path = this.#pathOf(of);
    return {checkout, path, directory: join(path, prefix), branch: `${BRANCHES}/${of.id}`, base};
  }

  open(worktree: Worktree, signal: AbortSignal): Promise<Worktree> {
    return makeWorktree(this.#git, worktree, signal);
  }

  async reopen({outcome, ...worktree}: Worktree): Promise<Worktree> {
    const isNew = outcome?.is === 'removed' && !(await exists(worktree.path));
    try {
      const open = isNew ? await makeWorktree(this.#git, worktree, NEVER) : await this.#restored(worktree);
      return {...open, since: await this.#git.run(open.path, ['rev-parse', 'HEAD'])};
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(
        `Its worktree ${worktree.path} cannot be used: ${messageOf(error)}. Delegate it anew.`,
      );
    }
  }

  settle(worktree: Worktree, work: WorkInWorktree): Promise<SettledWorktree> {
    return settleWorktree(this.#git, worktree, work);
  }

  async leftovers(): Promise<readonly {project: string; id: string}[]> {
    const found: {project: string; id: string}[] = [];
    for (const project of await foldersIn(this.#root)) {
      for (const id of await foldersIn(join(this.#root, project))) found.push({project, id});
    }
    return found;
  }

  async find(of: {project: string; id: string}): Promise<Worktree | undefined> {
    const path = this.#pathOf(of);
    const ask = (...args: readonly string[]) => this.#git.ask(path, args);
    const [common, current, base] = await Promise.all([
      ask('rev-parse', '--git-common-dir'),
      ask('symbolic-ref', '--quiet', '--short', 'HEAD'),
      ask('rev-parse', '--verify', '--quiet', BASE_REF),
    ]);
    if (common === undefined) return undefined;
    const folder = resolve(path, common);
    const checkout = basename(folder) === '.git' ? dirname(folder) : folder;
    const branch = current?.startsWith(`${BRANCHES}/`) ? current : `${BRANCHES}/${of.id}`;
    return {checkout, path, directory: path, branch, base: base ?? ''};
  }

  async #restored(worktree: Worktree): Promise<Worktree> {
    const {path, checkout, branch} = worktree;
    if (await exists(path)) return worktree;
    if (!(await hasBranch(this.#git, checkout, branch))) {
      throw new Refusal(
        `The worktree ${path} and its branch ${branch} are no longer there, so there is nothing to continue in. Delegate it anew.`,
      );
    }
    await restoreWorktree(this.#git, worktree, NEVER);
    return worktree;
  }

  #pathOf({project, id}: {project: string; id: string}): string {
    return join(this.#root, project, id);
  }
}

async function foldersIn(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, {withFileTypes: true});
    return entries.filter((entry) => entry.isDirectory()).map(({name}) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
