import {oneLine} from '../../../base/safe-text.ts';
import {facts} from '../../../report/format.ts';
import {type Prompt, selectedIn, type ViewState, wordsIn} from '../state/state.ts';
import type {Room} from '../state/turn.ts';
import {detailOf} from './detail.ts';
import {cutTo, padded, widthOf} from './fit.ts';
import {pageLines} from './page.ts';
import type {Area, Paint} from './paint.ts';

/** From so many columns on, the selected one is shown beside the list, and below it otherwise. */
const WIDE = 120;
/** With fewer lines than this there is only room for the list. */
const TALL = 12;
/** The first line, and the last two. */
const FRAME_ROWS = 3;

/** Which parts of the screen are for what. */
export interface Layout {
  readonly is: 'wide' | 'stacked' | 'narrow';
  readonly screen: Area;
  readonly body: Area;
  readonly list: Area;
  readonly detail: Area;
}

/** Divides a screen: a list, and beside or below it the selected delegation. */
export function layoutOf(area: Area): Layout {
  const body = {...area, rows: Math.max(1, area.rows - FRAME_ROWS)};
  if (area.columns >= WIDE) {
    const columns = Math.floor(area.columns * 0.5);
    return {
      ...{is: 'wide', screen: area, body, list: {...body, columns}},
      detail: {...body, columns: area.columns - columns - 2},
    };
  }
  if (area.rows < TALL) return {is: 'narrow', screen: area, body, list: body, detail: {...body, rows: 0}};
  const rows = Math.ceil(body.rows / 2);
  // One line stands between them.
  return {
    ...{is: 'stacked', screen: area, body, list: {...body, rows}},
    detail: {...body, rows: body.rows - rows - 1},
  };
}

/** What scrolling depends on, for the keys. */
export function roomOf(state: ViewState, area: Area, here: string | undefined): Room {
  const {body, list, detail} = layoutOf(area);
  const isList = state.shown.is === 'list';
  return {
    height: isList ? list.rows : body.rows,
    lines: pageLines(state, body).length,
    isRequestCut: isList && detailOf(selectedIn(state), {words: wordsIn(state), area: detail}).isRequestCut,
    here,
  };
}

/** The first line: how many there are of each group. */
export function titleLine({groups, filter, project}: ViewState, {columns, paint}: Area): string {
  const counts = groups.map(([group, members]) => `${members.length} ${group}`);
  const right = facts(
    filter !== '' && `filter: ${cutTo(oneLine(filter), 20)}`,
    project !== undefined && 'this project',
  );
  const room = columns - (right === '' ? 0 : widthOf(right) + 1);
  return `${paint('strong', padded(facts('Delegations', ...counts), room))}${right === '' ? '' : ` ${paint('attention', right)}`}`;
}

/** The last but one: what is asked of the person, or what was done last. */
export function statusLine({prompt, status}: ViewState, {columns, paint}: Area): string {
  if (prompt !== undefined) return promptLine(prompt, columns, paint);
  if (status === undefined) return '';
  return paint(status.look, cutTo(oneLine(status.text), columns));
}

/** The last one: the keys that do something now. */
export function keysLine(state: ViewState, {columns, paint}: Area): string {
  return paint('faint', cutTo(hintsOf(state), columns));
}

function promptLine(prompt: Prompt, columns: number, paint: Paint): string {
  if (prompt.is === 'cancel') {
    const id = prompt.of.split('/').at(-1) ?? '';
    return paint('attention', cutTo(`Cancel ${id}? y cancels it, any other key does not.`, columns));
  }
  const label = {
    filter: 'Filter: ',
    deny: 'Deny. Why (may be empty): ',
    answer: 'Answer: ',
    message: 'Tell it: ',
  }[prompt.is];
  const written = oneLine(`${prompt.text}_`);
  // The end of a long text is what is being written.
  const room = Math.max(4, columns - label.length);
  let end = written;
  while (widthOf(end) > room) end = end.slice(Math.max(1, Math.floor((end.length - room) / 2)));
  return `${paint('attention', label)}${end}`;
}

function hintsOf(state: ViewState): string {
  const {prompt, shown} = state;
  if (prompt?.is === 'cancel') return 'y yes · any other key no';
  if (prompt !== undefined) return 'Enter done · Esc back';
  if (shown.is === 'help' || shown.is === 'change') return 'q back · j k scroll';
  const selected = selectedIn(state);
  const answers = (selected?.requests.length ?? 0) > 0 ? 'a allow · d deny' : undefined;
  const cancel = selected !== undefined && selected.ended_at === undefined && 'c cancel';
  const change = selected?.worktree !== undefined && 'v change';
  const open = selected?.session_id !== undefined && 'o open';
  if (shown.is === 'peek') return facts('q back', answers, cancel, change, open);
  return facts(answers, 'Enter read', cancel, change, open, '/ filter', '? help', 'q quit');
}
