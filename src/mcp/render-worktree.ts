import {type Worktree, worktreeCommands} from '../delegation/worktree.ts';
import {oneLine, quoted, quotedLines} from '../safe-text.ts';

/** Lines that say what became of a worktree, and what can be done with it; none where nothing is to be said. */
export function renderWorktree(worktree: Worktree | undefined): readonly string[] {
  const outcome = worktree?.outcome;
  if (worktree === undefined || outcome === undefined) return [];
  if (outcome.is === 'removed')
    return ['Worktree: nothing was changed in it, so it and its branch are removed.'];
  const {look, merge, drop} = worktreeCommands(worktree);
  const {commit, diffstat, notes} = outcome;
  const at = commit === undefined ? '' : ` at ${commit.slice(0, 12)}`;
  const changed = diffstat === '' ? '' : `: ${quoted(diffstat)}`;
  return [
    `Branch: ${quoted(worktree.branch)}${at}${changed}`,
    `Worktree: ${oneLine(worktree.path)}`,
    ...notes.map(quotedLines),
    `To look: ${oneLine(look)}`,
    `To merge: ${oneLine(merge)}`,
    `To drop: ${oneLine(drop)}`,
  ];
}
