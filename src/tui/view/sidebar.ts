import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';
import {oneLine} from '../../base/safe-text.ts';
import {age} from '../../cli/terminal/age.ts';
import {grouped, stateOf} from '../../cli/terminal/groups.ts';
import {costOf} from '../../cli/terminal/row.ts';
import type {Style} from '../../cli/terminal/terminal.ts';
import type {ShownDelegation} from '../../control/shown.ts';
import type {ThemeColor} from '../opencode/api.ts';
import type {ScreenLine} from '../opencode/elements.ts';
import {ofSession} from './of-session.ts';

/** How wide OpenCode's sidebar is between its margins. */
const WIDTH = 36;
/** The sidebar has other things to show as well. */
const MAX_SHOWN = 8;

const COLORS: Readonly<Partial<Record<Style, ThemeColor>>> = {
  attention: 'warning',
  good: 'success',
  bad: 'error',
  busy: 'info',
};

/** The session's delegations for the sidebar, what needs the person first. @param now milliseconds since the epoch. */
export function sidebarLines(
  all: readonly ShownDelegation[],
  {session, now}: {session: string; now: number},
): readonly ScreenLine[] {
  const own = grouped(ofSession(all, session)).flatMap(([, members]) => members);
  if (own.length === 0) return [];
  const left = own.length - MAX_SHOWN;
  return [
    {text: 'Delegations', color: 'text', isBold: true},
    ...own.slice(0, MAX_SHOWN).flatMap((shown) => linesOf(shown, now)),
    ...(left > 0 ? [{text: `and ${left} more: /delegations`, color: 'textMuted'} as const] : []),
  ];
}

function linesOf(shown: ShownDelegation, now: number): readonly ScreenLine[] {
  const {text: state, look} = stateOf(shown);
  const [request] = shown.requests;
  const doing = request?.what ?? (shown.ended_at === undefined ? shown.activity?.last : undefined);
  const about = [
    `${state} ${elapsedOf(shown, now)}`,
    shown.near_limit ?? costOf(shown),
    ...(doing === undefined ? [] : [doing]),
  ];
  return [
    {text: cut(`• ${oneLine(shown.title)}`), color: COLORS[look] ?? 'textMuted'},
    {text: cut(`  ${oneLine(about.filter((part) => part !== '').join(' · '))}`), color: 'textMuted'},
  ];
}

/** For how long it has run or waited; how long it took, once it has ended. */
function elapsedOf({created_at, started_at, ended_at}: ShownDelegation, now: number): string {
  return age(Date.parse(started_at ?? created_at), ended_at === undefined ? now : Date.parse(ended_at));
}

function cut(line: string): string {
  const short = cliTruncate(line, WIDTH);
  // Where half of a wide character would have had room, it leaves the whole.
  return stringWidth(short) > WIDTH ? cliTruncate(line, WIDTH - 1) : short;
}
