import {oneLine, quoted, quotedLines} from '../base/safe-text.ts';
import type {DelegationHead} from '../delegation/model/delegation.ts';
import {mergeCommand, worktreeCommands} from '../delegation/model/worktree.ts';

/**
 * Lines that say what became of a worktree, and how its work is taken over; none where nothing is to be said. All
 * else about it, which nobody needs at each read, is in the delegation's file.
 *
 * @param from where the reader works.
 */
export function renderWorktree(head: DelegationHead, from: string): readonly string[] {
  const outcome = head.worktree?.outcome;
  const isThere = outcome?.is === 'kept' && (head.where === undefined || outcome.commit !== undefined);
  const more = isThere ? ['To look at it or to drop it: the commands are in its file.'] : [];
  return [...renderBranch(head, from), ...more];
}

/** As {@link renderWorktree}, in that very file, which anybody may read from anywhere. */
export function renderBranch({worktree, directory, where}: DelegationHead, from?: string): readonly string[] {
  const outcome = worktree?.outcome;
  if (worktree === undefined || outcome === undefined) return [];
  if (outcome.is === 'removed')
    return ['Worktree: nothing was changed in it, so it and its branch are removed.'];
  const {commit, diffstat, notes} = outcome;
  // Of what ran elsewhere, there is nothing here but the branch that has come home.
  if (where !== undefined && commit === undefined) return notes.map(quotedLines);
  const at = commit === undefined ? '' : ` at ${commit.slice(0, 12)}`;
  const changed = diffstat === '' ? '' : `: ${quoted(diffstat)}`;
  return [
    `Branch: ${quoted(worktree.branch)}${at}${changed}`,
    // What is not on the branch is there.
    ...(notes.length === 0 || where !== undefined ? [] : [`Worktree: ${oneLine(worktree.path)}`]),
    ...notes.map(quotedLines),
    `To merge: ${oneLine(from === undefined ? worktreeCommands(worktree).merge : mergeCommand(worktree, {directory, from}))}`,
  ];
}
