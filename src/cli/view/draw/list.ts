import {shorten} from '../../../base/errors.ts';
import {oneLine} from '../../../base/safe-text.ts';
import type {ShownDelegation} from '../../../control/shown.ts';
import {age} from '../../terminal/age.ts';
import {stateOf} from '../../terminal/groups.ts';
import {costOf, lineOf} from '../../terminal/row.ts';
import {delegationKey, type ViewState} from '../state/state.ts';
import {cutTo, padded} from './fit.ts';
import type {Area} from './paint.ts';

/** Columns of an id at most; most are shorter. */
const ID_COLUMNS = 24;
/** Of its state. */
const STATE_COLUMNS = 12;
const AGE_COLUMNS = 4;
const COST_COLUMNS = 7;
/** What says what it is about gets at least so much room, or the columns before give way. */
const LINE_COLUMNS = 24;
/** More than any line has room for. */
const LINE_CHARS = 400;

type Line = {readonly heading: string} | {readonly shown: ShownDelegation};

/** The rows of the list that are in sight: the selected one is, in the middle as far as that is possible. */
export function listLines(state: ViewState, area: Area): readonly string[] {
  const {columns, rows, paint} = area;
  const lines: readonly Line[] = state.groups.flatMap(([group, members]) => [
    {heading: `${group.toUpperCase()} (${members.length})`},
    ...members.map((shown) => ({shown})),
  ]);
  if (lines.length === 0) return [paint('faint', padded(emptyWords(state), columns))];
  const at = lines.findIndex((line) => 'shown' in line && delegationKey(line.shown) === state.selected);
  const top = Math.max(0, Math.min(at - Math.floor(rows / 2), lines.length - rows));
  const widths = widthsOf(state.visible, columns);
  return lines.slice(top, top + rows).map((line) => {
    if ('heading' in line) return paint('faint', padded(line.heading, columns));
    return rowLine(line.shown, {area, widths, isSelected: delegationKey(line.shown) === state.selected});
  });
}

function emptyWords({filter, project, isLoading}: ViewState): string {
  if (isLoading) return 'Looking…';
  if (filter !== '') return `Nothing fits "${oneLine(filter)}". Esc shows all.`;
  return project === undefined
    ? 'No delegations yet.'
    : 'No delegations in this project. p shows all projects.';
}

interface Widths {
  readonly id: number;
  readonly state: number;
}

/** Columns as wide as what is in any of them, in sight or not: they stay where they are while a person scrolls. */
function widthsOf(all: readonly ShownDelegation[], columns: number): Widths {
  const state = Math.min(STATE_COLUMNS, Math.max(...all.map((shown) => stateOf(shown).text.length)));
  const natural = Math.max(...all.map(({id}) => id.length));
  return {state, id: Math.min(ID_COLUMNS, natural, Math.max(8, columns - state - AGE_COLUMNS - 6))};
}

/** Texts that cost something to make safe are made once, as long as the delegation has not changed. */
const LINES = new WeakMap<ShownDelegation, string>();

function rowLine(
  shown: ShownDelegation,
  {area, widths, isSelected}: {area: Area; widths: Widths; isSelected: boolean},
): string {
  const {columns, paint, now} = area;
  const {text, look} = stateOf(shown);
  const at = Date.parse(shown.ended_at ?? shown.started_at ?? shown.created_at);
  const room = columns - 2 - widths.id - 1 - widths.state - 1 - AGE_COLUMNS;
  const cost = room >= COST_COLUMNS + LINE_COLUMNS ? ` ${costOf(shown).padStart(COST_COLUMNS)}` : '';
  const cells = [
    [isSelected ? '> ' : '  ', 'attention'],
    [padded(shown.id, widths.id), 'strong'],
    [` ${padded(shortState(text), widths.state)}`, look],
    [` ${age(at, now).padStart(AGE_COLUMNS)}`, 'faint'],
    [cost, 'faint'],
  ] as const;
  const rest = Math.max(0, room - cost.length);
  const line = rest > 1 ? padded(` ${aboutOf(shown)}`, rest) : '';
  const plain = cells.map(([cell]) => cell).join('') + line;
  // One style for the whole row, so that it is seen as one, and none where not even the columns before fit.
  if (isSelected || room < 0) return paint(isSelected ? 'selected' : 'plain', cutTo(plain, columns));
  return cells.map(([cell, style]) => paint(style, cell)).join('') + line;
}

function aboutOf(shown: ShownDelegation): string {
  const known = LINES.get(shown);
  if (known !== undefined) return known;
  const made = shorten(lineOf(shown), LINE_CHARS);
  LINES.set(shown, made);
  return made;
}

function shortState(text: string): string {
  return text.replace(', place ', ' ');
}
