import {oneLine} from '../../../base/safe-text.ts';
import type {ShownDelegation} from '../../../control/shown.ts';
import {count, counted, duration, facts} from '../../../report/format.ts';
import {stateOf} from '../../terminal/groups.ts';
import {costOf} from '../../terminal/row.ts';
import type {Style} from '../../terminal/terminal.ts';
import type {AgentWords} from '../state/state.ts';
import {lastLines} from './conversation.ts';
import {cutTo, wrapped} from './fit.ts';
import type {Area} from './paint.ts';
import {requestLines} from './request.ts';

const TITLE_LINES = 2;
const NOTE_LINES = 3;

export interface Detail {
  readonly lines: readonly string[];
  /** True where not all that the agent asks for is in sight. */
  readonly isRequestCut: boolean;
}

/** What is shown of the selected delegation beside the list: its facts, what it asks for, and its last words. */
export function detailOf(
  shown: ShownDelegation | undefined,
  {words, area}: {words: AgentWords | undefined; area: Area},
): Detail {
  if (shown === undefined || area.rows < 1) return {lines: [], isRequestCut: isAsking(shown)};
  const request = requestLines(shown, area);
  const head = headLines(shown, area);
  // What is asked for comes first where not all fits: it is why a person looks.
  const facts = head.slice(0, Math.max(1, area.rows - request.length));
  const kept = [...facts, ...request].slice(0, area.rows);
  const room = area.rows - kept.length - 1;
  const last = room > 0 ? wordLines(shown, words, {...area, rows: room}) : [];
  return {
    lines: [...kept, ...(last.length > 0 ? ['', ...last] : [])],
    isRequestCut: facts.length + request.length > area.rows,
  };
}

/** Title and facts of a delegation, at the head of all that is said of it. */
export function headLines(shown: ShownDelegation, {columns, paint, now}: Area): readonly string[] {
  const {text, look} = stateOf(shown);
  const line = (words: string, style: Style) => paint(style, cutTo(words, columns));
  const wrap = (words: string, style: Style, most: number) =>
    words === ''
      ? []
      : wrapped(oneLine(words), columns)
          .slice(0, most)
          .map((one) => paint(style, one));
  const begun = Date.parse(shown.started_at ?? shown.created_at);
  const until = shown.ended_at === undefined ? now : Date.parse(shown.ended_at);
  const time = duration(Math.max(0, Math.floor((until - begun) / 1_000) * 1_000));
  return [
    ...wrap(shown.title, 'strong', TITLE_LINES),
    line(facts(shown.id, text, time), look),
    line(facts(oneLine(shown.agent), oneLine(shown.model), shown.access, oneLine(shown.client)), 'faint'),
    line(oneLine(shown.directory), 'faint'),
    ...used(shown).map((words) => line(words, 'faint')),
    ...(shown.near_limit === undefined ? [] : [line(shown.near_limit, 'attention')]),
    ...(shown.queue === undefined ? [] : wrap(`Waits: ${shown.queue.reason}`, 'faint', NOTE_LINES)),
    ...(shown.worktree === undefined ? [] : [line(`Branch ${oneLine(shown.worktree.branch)}`, 'faint')]),
    ...wrap(shown.error ?? '', 'bad', NOTE_LINES),
    ...wrap(shown.caveat ?? '', 'attention', NOTE_LINES),
    ...shown.notes.flatMap((note) => wrap(note, 'attention', NOTE_LINES)),
  ];
}

function used(shown: ShownDelegation): readonly string[] {
  const {usage, tool_calls: calls} = shown;
  const tokens = usage.input + usage.output + usage.reasoning;
  const words = facts(
    tokens > 0 && `${count(tokens)} tokens`,
    costOf(shown),
    calls > 0 && counted(calls, 'tool call'),
  );
  return words === '' ? [] : [words];
}

function wordLines(shown: ShownDelegation, words: AgentWords | undefined, area: Area): readonly string[] {
  if (words?.entries !== undefined) return lastLines(words.entries, area);
  if (words?.problem !== undefined) return wrapped(words.problem, area.columns).slice(0, area.rows);
  const result = words?.result ?? (shown.ended_at === undefined ? '' : shown.summary);
  return result.trim() === '' ? [] : wrapped(result.trimEnd(), area.columns).slice(-area.rows);
}

function isAsking(shown: ShownDelegation | undefined): boolean {
  return (shown?.requests.length ?? 0) > 0;
}
