import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {type Delegation, type DelegationHead, hasEnded} from '../model/delegation.ts';
import type {Store} from '../model/ports.ts';
import {type Worktree, type Worktrees, worktreeCommands} from '../model/worktree.ts';

export interface LeftoversOptions {
  readonly store: Store;
  readonly worktrees: Worktrees;
  readonly log: Logger;
  /** Notes in a record that has ended what became of its worktree. */
  readonly amend: (delegation: Delegation, worktree: Worktree) => Promise<unknown>;
}

/**
 * Settles the worktrees that a crash has left with nobody to settle them: those whose record is gone, and those
 * whose delegation has ended without saying what became of them. One that holds changes is kept, and the log
 * names it. What is left of the making of one is removed. To be called when delegations that have lost their process
 * have been recovered.
 */
export async function finishLeftovers({store, worktrees, log, amend}: LeftoversOptions): Promise<void> {
  const leftovers = await worktrees.leftovers().catch((error: unknown) => {
    log.warn(`what worktrees are left could not be found out: ${messageOf(error)}`);
    return [];
  });
  for (const {project, id, isUnderWay = false} of leftovers) {
    try {
      await store.exclusively(project, id, async () => {
        const record = await store.read(project, id);
        const worktree = record === undefined ? await worktrees.find({project, id}) : unsettled(record);
        const isOver = record === undefined || hasEnded(record.state);
        if (worktree === undefined && !(isUnderWay && isOver)) return;
        const place = worktree ?? record?.worktree;
        if (place !== undefined && isInUse(place, (await store.list(project)).heads)) return;
        // One that has not ended is made, or settled, by the one who runs it.
        if (isUnderWay) await worktrees.clear({project, id});
        if (worktree === undefined) return;
        const work = {id, project, title: record?.title ?? `What was left of ${id}`, files: []};
        const settled = (await worktrees.settle(worktree, work)).worktree;
        log.warn(`${id} had left a worktree behind: ${describe(settled)}`);
        if (record !== undefined) await amend(record, settled);
      });
    } catch (error) {
      log.warn(`${id} has a worktree that could not be settled: ${messageOf(error)}`);
    }
  }
}

/** The worktree of a delegation that has ended, unless it was kept on purpose. */
function unsettled({state, worktree}: Delegation): Worktree | undefined {
  return hasEnded(state) && worktree?.outcome?.is !== 'kept' ? worktree : undefined;
}

/** A delegation may go on in the worktree of another. */
function isInUse({path}: Worktree, heads: readonly DelegationHead[]): boolean {
  return heads.some(({state, worktree}) => worktree?.path === path && !hasEnded(state));
}

function describe(worktree: Worktree): string {
  const {outcome, path, branch} = worktree;
  if (outcome?.is !== 'kept') return 'nothing was changed in it, and it is removed';
  const {look, drop} = worktreeCommands(worktree);
  return `it is kept in ${path}, on branch ${branch}. To look: ${look}. To drop it: ${drop}`;
}
