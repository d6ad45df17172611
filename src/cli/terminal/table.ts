import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';
import type {Style, Terminal} from './terminal.ts';

/** A text in a table, and how it is meant. */
export interface Cell {
  readonly text: string;
  readonly look?: Style;
}

/** A column with less than this much room says nothing any more. */
const MIN_WIDTH = 8;
const GAP = 2;

/**
 * Rows in columns as wide as what is in them. The last column takes the room that is left, and what does not fit is cut
 * off. Where the terminal is too narrow for all, the columns before the last give way, from the right.
 */
export function tableOf(rows: readonly (readonly Cell[])[], terminal: Terminal): readonly string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const natural = Array.from({length: count}, (_, n) =>
    Math.max(0, ...rows.map((row) => stringWidth(row[n]?.text ?? ''))),
  );
  const shown = shownColumns(natural, terminal.columns);
  return rows.map((row) =>
    shown
      .map(({n, width}, at) => {
        const {text = '', look = 'plain'} = row[n] ?? {};
        const cut = cliTruncate(text, width);
        const padding = at === shown.length - 1 ? '' : ' '.repeat(width - stringWidth(cut) + GAP);
        return terminal.paint(look, cut) + padding;
      })
      .join('')
      .trimEnd(),
  );
}

function shownColumns(natural: readonly number[], columns: number): readonly {n: number; width: number}[] {
  const all = natural.map((width, n) => ({n, width})).filter(({width}) => width > 0);
  const last = all.at(-1);
  if (last === undefined) return [];
  let before = all.slice(0, -1);
  const room = () => columns - before.reduce((sum, {width}) => sum + width + GAP, 0);
  // The first column, which names the row, stays.
  while (before.length > 1 && room() < Math.min(last.width, MIN_WIDTH * 2)) before = before.slice(0, -1);
  return [...before, {n: last.n, width: Math.max(1, Math.min(last.width, room()))}];
}
