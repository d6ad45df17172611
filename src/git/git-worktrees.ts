import {readdir, realpath} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {contains} from '../base/contains.ts';
import {messageOf, Refusal} from '../base/errors.ts';
import {THREE_WORDS} from '../delegation/model/id.ts';
import type {
  LeftoverWorktree,
  SettledWorktree,
  WorkInWorktree,
  Worktree,
  WorktreePlan,
  Worktrees,
} from '../delegation/model/worktree.ts';
import {exists} from './exists.ts';
import {Git} from './git.ts';
import {BASE_REF, hasBranch, makeWorktree, restoreWorktree} from './open.ts';
import {isOwnPlace, workshopOf, workshops} from './own-place.ts';
import {BRANCHES, planWorktree} from './plan.ts';
import {settleWorktree} from './settle.ts';
import {clearWorkshop, idsInWorkshop, WorkedIn} from './worked-in.ts';

const NEVER = new AbortController().signal;

export interface GitWorktreesOptions {
  /** The folder that worktrees are made in; it is made when it is first needed. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Worktrees of git, each in `<root>/<project>/<id>` and on a branch of its own. */
export class GitWorktrees implements Worktrees {
  readonly #root: string;
  readonly #git: Git;

  constructor({root, env}: GitWorktreesOptions) {
    this.#root = root;
    this.#git = new Git(env);
  }

  plan(directory: string): Promise<WorktreePlan> {
    return planWorktree(this.#git, directory);
  }

  place({checkout, prefix, base, commonDir}: WorktreePlan, of: {project: string; id: string}): Worktree {
    const path = this.#pathOf(of);
    return {checkout, path, directory: join(path, prefix), branch: `${BRANCHES}/${of.id}`, base, commonDir};
  }

  async open(worktree: Worktree, signal: AbortSignal): Promise<Worktree> {
    if (!(await isOwnPlace(worktree, this.#root))) throw new Error(notOurs(worktree));
    return makeWorktree(this.#git, worktree, signal);
  }

  async reopen({outcome, ...worktree}: Worktree): Promise<Worktree> {
    if (!(await isOwnPlace(worktree, this.#root)))
      throw new Refusal(`${notOurs(worktree)} Delegate it again.`);
    const isNew = outcome?.is === 'removed' && !(await exists(worktree.path));
    try {
      const open = isNew ? await makeWorktree(this.#git, worktree, NEVER) : await this.#restored(worktree);
      return {...open, since: await headOf(this.#git, open)};
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(
        `Its worktree ${worktree.path} cannot be used: ${messageOf(error)}. Delegate it again.`,
        {cause: error},
      );
    }
  }

  async settle(worktree: Worktree, work: WorkInWorktree): Promise<SettledWorktree> {
    if (!(await isOwnPlace(worktree, this.#root)))
      return {worktree: {...worktree, outcome: {is: 'kept', diffstat: '', notes: [notOurs(worktree)]}}};
    return settleWorktree(this.#git, worktree, work);
  }

  async leftovers(): Promise<readonly LeftoverWorktree[]> {
    const root = this.#root;
    const found: LeftoverWorktree[] = [];
    const made = await foldersIn(root);
    const making = await realpath(root).then(
      (real) => foldersIn(workshops(real)),
      () => [],
    );
    for (const project of new Set([...made, ...making])) {
      // One that cannot be read takes nothing from the others; anyone who can read it settles what is in it.
      const there = await foldersIn(join(root, project)).catch(() => []);
      const underWay = await idsInWorkshop({root, project});
      const ids = [...new Set([...there, ...underWay])].filter((id) => THREE_WORDS.test(id));
      found.push(
        ...ids.map((id) => ({project, id, ...(underWay.includes(id) && {isUnderWay: true as const})})),
      );
    }
    return found;
  }

  async find(of: {project: string; id: string}): Promise<Worktree | undefined> {
    const path = this.#pathOf(of);
    if (await exists(path)) return this.#found(of, {at: path, start: BASE_REF});
    // Nobody has worked in one that is not in its place yet: it is where it has started from.
    const workshop = await workshopOf({root: this.#root, ...of}).catch(() => undefined);
    if (workshop === undefined) return undefined;
    return this.#found(of, {at: join(workshop, of.id), start: 'HEAD'});
  }

  async clear(of: {project: string; id: string}): Promise<void> {
    await clearWorkshop({root: this.#root, ...of});
  }

  /** @param found where it is now, and the name of the commit that it started from. */
  async #found(
    of: {project: string; id: string},
    {at, start}: {readonly at: string; readonly start: string},
  ): Promise<Worktree | undefined> {
    const path = this.#pathOf(of);
    const {folders} = (await this.#git.locate(at).catch(() => undefined)) ?? {};
    // A repository around our folders is none of a worktree.
    if (folders === undefined || folders.workTree !== (await realpath(at))) return undefined;
    // Nothing has kept what they were: those that an agent can have made are not taken for them.
    if (contains(await realpath(this.#root), folders.commonDir)) return undefined;
    const {commonDir, gitDir} = folders;
    const own = this.#git.inside({...folders, workTree: at});
    const [current, base] = await Promise.all([
      own.ask(['symbolic-ref', '--quiet', '--short', 'HEAD']),
      own.ask(['rev-parse', '--verify', '--quiet', start]),
    ]);
    const checkout = basename(commonDir) === '.git' ? dirname(commonDir) : commonDir;
    const branch = current?.startsWith(`${BRANCHES}/`) ? current : `${BRANCHES}/${of.id}`;
    return {checkout, path, directory: path, branch, base: base ?? '', commonDir, gitDir};
  }

  async #restored(worktree: Worktree): Promise<Worktree> {
    const {path, checkout, branch} = worktree;
    if (await exists(path)) return worktree;
    if (!(await hasBranch(await this.#git.at(checkout), branch))) {
      throw new Refusal(
        `The worktree ${path} and its branch ${branch} are no longer there, so there is nothing to continue in. Delegate it again.`,
      );
    }
    return restoreWorktree(this.#git, worktree, NEVER);
  }

  #pathOf({project, id}: {project: string; id: string}): string {
    return join(this.#root, project, id);
  }
}

/** @throws where it is not there, or not as it was made. */
async function headOf(git: Git, worktree: Worktree): Promise<string> {
  const there = await WorkedIn.open(git, worktree);
  if (there === undefined) throw new Error('it is not there');
  return there.git.run(['rev-parse', 'HEAD']).finally(() => there.close());
}

function notOurs({path}: Worktree): string {
  return `${path} is not where worktrees are made, so nothing is done there.`;
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
