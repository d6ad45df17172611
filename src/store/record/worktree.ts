import {type Worktree, worktreeCommands} from '../../delegation/model/worktree.ts';
import type {WorktreeMatter, WrittenWorktree} from './schema.ts';

export function toWorktree(matter: WorktreeMatter): Worktree {
  const {outcome, commit, diffstat, notes, since, common_dir: commonDir, git_dir: gitDir, ...rest} = matter;
  const place = {
    ...rest,
    ...(commonDir !== undefined && {commonDir}),
    ...(gitDir !== undefined && {gitDir}),
    ...(since !== undefined && {since}),
  };
  switch (outcome) {
    case undefined:
      return place;
    case 'removed':
      return {...place, outcome: {is: 'removed'}};
    case 'kept':
      return {...place, outcome: {is: 'kept', diffstat, notes, ...(commit !== undefined && {commit})}};
  }
}

/** With the commands that a person needs, who reads this with no program at hand. */
export function fromWorktree({outcome, commonDir, gitDir, ...known}: Worktree): WrittenWorktree {
  const place = {
    ...known,
    ...(commonDir !== undefined && {common_dir: commonDir}),
    ...(gitDir !== undefined && {git_dir: gitDir}),
  };
  if (outcome === undefined) return place;
  if (outcome.is === 'removed') return {...place, outcome: 'removed'};
  const {commit, diffstat, notes} = outcome;
  return {
    ...place,
    outcome: 'kept',
    ...(commit !== undefined && {commit}),
    diffstat,
    ...(notes.length > 0 && {notes: [...notes]}),
    ...worktreeCommands({...known, outcome}),
  };
}
