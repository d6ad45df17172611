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
export function svgOf({buffer, cols, rows}: xterm.Terminal, title: string): string {
  const lines = Array.from({length: rows}, (_, y) => runsOf(buffer.active, {y, cols}));
  const used = lines.slice(0, lines.findLastIndex((runs) => runs.length > 0) + 1);
  const [width, height] = [cols * CELL.width + 2 * MARGIN, used.length * CELL.height + 2 * MARGIN];
  const texts = used.flatMap((runs, y) =>
    runs.map(
      ({x, look, text}) =>
        `<text x="${(MARGIN + x * CELL.width).toFixed(1)}" y="${MARGIN + (y + 0.75) * CELL.height}" textLength="${(text.length * CELL.width).toFixed(1)}" ${look}>${escaped(text)}</text>`,
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    ...texts,
    '</svg>',
    '',
  ].join('\n');
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
