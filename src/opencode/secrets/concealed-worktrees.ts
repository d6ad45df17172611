import {messageOf, Refusal} from '../../base/errors.ts';
import type {
  LeftoverWorktree,
  SettledWorktree,
  WorkInWorktree,
  Worktree,
  WorktreePlan,
  Worktrees,
} from '../../delegation/model/worktree.ts';
import type {Conceal} from './concealed.ts';

/**
 * Worktrees of which no key is told: an agent that has one can give its name to a file, a branch or a repository, and
 * what git says of these goes on record.
 */
export class ConcealedWorktrees implements Worktrees {
  readonly #worktrees: Worktrees;
  readonly #conceal: Conceal;

  constructor(worktrees: Worktrees, conceal: Conceal) {
    this.#worktrees = worktrees;
    this.#conceal = conceal;
  }

  async plan(directory: string): Promise<WorktreePlan> {
    const plan = await this.#told(this.#worktrees.plan(directory));
    return {...plan, notes: plan.notes.map(this.#conceal)};
  }

  place(plan: WorktreePlan, of: {project: string; id: string}): Worktree {
    return this.#worktrees.place(plan, of);
  }

  async open(worktree: Worktree, signal: AbortSignal): Promise<Worktree> {
    return this.#shown(await this.#told(this.#worktrees.open(worktree, signal)));
  }

  async reopen(worktree: Worktree): Promise<Worktree> {
    return this.#shown(await this.#told(this.#worktrees.reopen(worktree)));
  }

  async settle(worktree: Worktree, work: WorkInWorktree): Promise<SettledWorktree> {
    const {filesChanged, ...settled} = await this.#told(this.#worktrees.settle(worktree, work));
    return {
      worktree: this.#shown(settled.worktree),
      ...(filesChanged !== undefined && {filesChanged: filesChanged.map(this.#conceal)}),
    };
  }

  leftovers(): Promise<readonly LeftoverWorktree[]> {
    return this.#worktrees.leftovers();
  }

  async find(of: {project: string; id: string}): Promise<Worktree | undefined> {
    const found = await this.#told(this.#worktrees.find(of));
    return found && this.#shown(found);
  }

  clear(of: {project: string; id: string}): Promise<void> {
    return this.#told(this.#worktrees.clear(of));
  }

  /** Where it lies stays as it is: that is no word of git's, and has to be found. */
  #shown(worktree: Worktree): Worktree {
    const {outcome} = worktree;
    if (outcome?.is !== 'kept') return worktree;
    const {diffstat, notes} = outcome;
    return {
      ...worktree,
      outcome: {...outcome, diffstat: this.#conceal(diffstat), notes: notes.map(this.#conceal)},
    };
  }

  async #told<T>(made: Promise<T>): Promise<T> {
    try {
      return await made;
    } catch (error) {
      const message = this.#conceal(messageOf(error));
      if (message === messageOf(error)) throw error;
      throw error instanceof Refusal ? new Refusal(message) : new Error(message);
    }
  }
}
