import type xterm from '@xterm/headless';
import type {IBuffer, IBufferCell} from '@xterm/headless';

const CELL = {width: 8.4, height: 18};
const MARGIN = 16;
const BACKGROUND = '#16181d';
const FOREGROUND = '#d7dae0';
/** The sixteen colours of a terminal, as programs name them. */
const PALETTE = [
  ...['#16181d', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0'],
  ...['#5c6370', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#ffffff'],
];

/** Cells of one look, one after the other. */
interface Run {
  readonly x: number;
  readonly look: string;
  text: string;
}

/** The screen of a terminal as a picture with a title: what is on it, in its colours, down to the last line that has something. */
export function svgOf(terminal: xterm.Terminal, title: string): string {
  const lines = linesOf(terminal);
  const used = lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  const placed = used.flatMap((line, row) =>
    line === '' ? [] : `<g transform="translate(0 ${topOf(row)})">${line}</g>`,
  );
  return pictureOf({columns: terminal.cols, rows: used.length, title, content: placed.join('\n')});
}

export interface PictureParts {
  readonly columns: number;
  readonly rows: number;
  readonly title: string;
  readonly content: string;
  readonly style?: string;
}

/** A picture of the size of a terminal, with this on its ground. */
export function pictureOf({columns, rows, title, content, style}: PictureParts): string {
  const [width, height] = [columns * CELL.width + 2 * MARGIN, rows * CELL.height + 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">`,
    `<title>${escaped(title)}</title>`,
    ...(style === undefined ? [] : [`<style>${style}</style>`]),
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    content,
    '</svg>',
    '',
  ].join('\n');
}

/** How far down a row begins. */
export function topOf(row: number): number {
  return MARGIN + row * CELL.height;
}

/** What is in each row of the screen, as if it were the first; nothing for one that is empty. */
export function linesOf({buffer, cols, rows}: xterm.Terminal): readonly string[] {
  return Array.from({length: rows}, (_, y) => runsOf(buffer.active, {y, cols}).map(textOf).join(''));
}

function textOf({x, look, text}: Run): string {
  const length = (text.length * CELL.width).toFixed(1);
  return `<text x="${(MARGIN + x * CELL.width).toFixed(1)}" y="${0.75 * CELL.height}" textLength="${length}" ${look}>${escaped(text)}</text>`;
}

function runsOf(buffer: IBuffer, {y, cols}: {y: number; cols: number}): readonly Run[] {
  const line = buffer.getLine(buffer.viewportY + y);
  const runs: Run[] = [];
  for (let x = 0; x < cols; x++) {
    const cell = line?.getCell(x);
    const text = cell?.getChars() || ' ';
    const look = cell === undefined ? '' : lookOf(cell);
    const last = runs.at(-1);
    if (last?.look === look && last.x + last.text.length === x) last.text += text;
    else runs.push({x, look, text});
  }
  return runs.map((run) => ({...run, text: run.text.trimEnd()})).filter(({text}) => text !== '');
}

function lookOf(cell: IBufferCell): string {
  const colour = cell.isFgPalette() ? (PALETTE[cell.getFgColor()] ?? FOREGROUND) : FOREGROUND;
  const bold = cell.isBold() ? ' font-weight="bold"' : '';
  return `fill="${colour}"${bold}${cell.isDim() ? ' opacity="0.6"' : ''}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
