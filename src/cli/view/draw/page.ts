import type {ShownDelegation} from '../../../control/shown.ts';
import type {Style} from '../../terminal/terminal.ts';
import {type OnScreen, selectedIn, type ViewState, wordsIn} from '../state/state.ts';
import {conversationLines} from './conversation.ts';
import {headLines} from './detail.ts';
import {wrapped} from './fit.ts';
import {HELP} from './help.ts';
import type {Area} from './paint.ts';
import {requestLines} from './request.ts';

/** All lines of what fills the screen; the list has none. */
export function pageLines(state: ViewState, area: Area): readonly string[] {
  const {shown} = state;
  switch (shown.is) {
    case 'list':
      return [];
    case 'help':
      return HELP.flatMap((line) => wrapped(line, area.columns));
    case 'change':
      return changeLines(shown.text, area);
    case 'peek': {
      const selected = selectedIn(state);
      return selected === undefined ? ['It is gone.'] : peekLines(selected, state, area);
    }
  }
}

/** The part of them that is in sight. */
export function inSight(lines: readonly string[], shown: OnScreen, rows: number): readonly string[] {
  const last = Math.max(0, lines.length - rows);
  const from = shown.is === 'list' ? 0 : Math.min(shown.from ?? last, last);
  return lines.slice(from, from + rows);
}

/** The request comes last, as it is the last thing that happened. */
function peekLines(shown: ShownDelegation, state: ViewState, area: Area): readonly string[] {
  const request = requestLines(shown, area);
  return [
    ...headLines(shown, area),
    '',
    ...wordsOf(shown, state, area),
    ...(request.length > 0 ? ['', ...request] : []),
  ];
}

interface Made {
  readonly columns: number;
  readonly lines: readonly string[];
}

/** A long result is wrapped once for a width, not for each second that passes. */
const MADE = new WeakMap<object, Made>();

function wordsOf(shown: ShownDelegation, state: ViewState, area: Area): readonly string[] {
  const words = wordsIn(state);
  if (words === undefined) return [area.paint('faint', 'Looking…')];
  const known = MADE.get(words);
  if (known?.columns === area.columns) return known.lines;
  const lines =
    words.entries !== undefined
      ? conversationLines(words.entries, area)
      : wrapped((words.problem ?? words.result ?? '').trimEnd(), area.columns);
  const made = lines.length === 0 || lines.join('') === '' ? [noWords(shown, area)] : lines;
  MADE.set(words, {columns: area.columns, lines: made});
  return made;
}

function noWords({ended_at: endedAt}: ShownDelegation, {paint}: Area): string {
  return paint('faint', endedAt === undefined ? 'It has said nothing yet.' : 'It has left no text.');
}

function changeLines(text: string, {columns, paint}: Area): readonly string[] {
  return text
    .trimEnd()
    .split('\n')
    .flatMap((line) => wrapped(line, columns).map((part) => paint(lookOf(line), part)));
}

function lookOf(line: string): Style {
  if (/^(?:diff |index |\+\+\+ |--- )/.test(line)) return 'strong';
  if (line.startsWith('@@')) return 'busy';
  if (line.startsWith('+')) return 'good';
  return line.startsWith('-') ? 'bad' : 'plain';
}
