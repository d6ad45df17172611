import {groupOf} from '../../cli/terminal/groups.ts';
import type {ShownDelegation} from '../../control/shown.ts';
import type {ScreenLine} from '../opencode/elements.ts';
import {ofSession} from './of-session.ts';

/** What stands beside the prompt: how many of the session's delegations run, and how many need the person. */
export function badgeLines(all: readonly ShownDelegation[], session: string): readonly ScreenLine[] {
  const groups = ofSession(all, session).map(groupOf);
  const waiting = groups.filter((group) => group === 'needs you').length;
  const running = groups.filter((group) => group === 'running').length;
  const parts = [
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'needs' : 'need'} you`] : []),
    ...(running > 0 ? [`${running} running`] : []),
  ];
  return parts.length === 0 ? [] : [{text: parts.join(' · '), color: waiting > 0 ? 'warning' : 'textMuted'}];
}
