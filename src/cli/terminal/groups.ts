import type {ShownDelegation} from '../../control/shown.ts';
import type {Style} from './terminal.ts';

/** The groups of a list, what needs a person first. */
const GROUPS = ['needs you', 'running', 'queued', 'not read yet', 'ended'] as const;
export type Group = (typeof GROUPS)[number];

export function groupOf({blocked, status, unread, ended_at}: ShownDelegation): Group {
  if (blocked) return 'needs you';
  if (ended_at !== undefined) return unread ? 'not read yet' : 'ended';
  return status === 'running' ? 'running' : 'queued';
}

/** How a delegation stands, in a word or two. */
export function stateOf(shown: ShownDelegation): {readonly text: string; readonly look: Style} {
  const {status, blocked, queue} = shown;
  if (blocked) return {text: 'needs you', look: 'attention'};
  switch (status) {
    case 'completed':
      return {text: status, look: 'good'};
    case 'error':
    case 'timeout':
    case 'interrupted':
      return {text: status, look: 'bad'};
    case 'running':
      return {text: status, look: 'busy'};
    case 'cancelled':
      return {text: status, look: 'faint'};
    default:
      return {text: queue === undefined ? 'queued' : `queued, place ${queue.place}`, look: 'faint'};
  }
}

/** Those of each group together, in the order of the groups; empty ones are left out. */
export function grouped(
  all: readonly ShownDelegation[],
): readonly (readonly [Group, readonly ShownDelegation[]])[] {
  const groups = GROUPS.map((group) => [group, all.filter((shown) => groupOf(shown) === group)] as const);
  return groups.filter(([, members]) => members.length > 0);
}
