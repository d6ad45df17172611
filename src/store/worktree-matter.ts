import * as z from 'zod';
import {type Worktree, worktreeCommands} from '../delegation/worktree.ts';

/** A worktree as the front matter of a record has it. */
export const worktreeMatter = z.object({
  checkout: z.string(),
  path: z.string(),
  directory: z.string(),
  branch: z.string(),
  base: z.string(),
  since: z.string().optional(),
  outcome: z.enum(['removed', 'kept']).optional(),
  commit: z.string().optional(),
  diffstat: z.string().default(''),
  notes: z.array(z.string()).default([]),
});

export function toWorktree(matter: z.output<typeof worktreeMatter>): Worktree {
  const {outcome, commit, diffstat, notes, since, ...rest} = matter;
  const place = {...rest, ...(since !== undefined && {since})};
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
export function fromWorktree({outcome, ...place}: Worktree): z.input<typeof worktreeMatter> {
  if (outcome === undefined) return place;
  if (outcome.is === 'removed') return {...place, outcome: 'removed'};
  const {commit, diffstat, notes} = outcome;
  return {
    ...place,
    outcome: 'kept',
    ...(commit !== undefined && {commit}),
    diffstat,
    ...(notes.length > 0 && {notes: [...notes]}),
    ...worktreeCommands({...place, outcome}),
  };
}
