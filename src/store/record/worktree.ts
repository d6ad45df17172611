import {isAbsolute} from 'node:path';
import * as z from 'zod';
import {WORKTREE_BRANCH, type Worktree, worktreeCommands} from '../../delegation/model/worktree.ts';

/** Git takes what begins with a dash for an option, and people are given commands with these in them. */
const commit = z.string().regex(/^[0-9a-f]{6,64}$/);
const path = z.string().refine(isAbsolute, 'must be an absolute path');

/** A worktree as the front matter of a record has it. */
export const worktreeMatter = z.object({
  checkout: path,
  path,
  directory: path,
  branch: z.string().regex(WORKTREE_BRANCH),
  base: commit,
  common_dir: path.optional(),
  git_dir: path.optional(),
  since: commit.optional(),
  outcome: z.enum(['removed', 'kept']).optional(),
  commit: commit.optional(),
  diffstat: z.string().default(''),
  notes: z.array(z.string()).default([]),
});

export function toWorktree(matter: z.output<typeof worktreeMatter>): Worktree {
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
export function fromWorktree({
  outcome,
  commonDir,
  gitDir,
  ...known
}: Worktree): z.input<typeof worktreeMatter> {
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
