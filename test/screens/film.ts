import {pictureOf, topOf} from './svg.ts';

/** What was on a screen, and for how long. */
export interface Frame {
  /** What was in each row. */
  readonly lines: readonly string[];
  readonly ms: number;
}

export interface FilmOptions {
  readonly columns: number;
  readonly title: string;
  /** The frame that is shown where nothing may move. */
  readonly still: number;
}

/** A picture that shows one frame after the other, for ever, by CSS alone. A line that is in several is in it once. */
export function filmOf(frames: readonly Frame[], {columns, title, still}: FilmOptions): string {
  const lines = [...new Set(frames.flatMap((frame) => frame.lines))].filter((line) => line !== '');
  const nameOf = new Map(lines.map((line, n) => [line, `l${n}`]));
  const total = frames.reduce((sum, {ms}) => sum + ms, 0);
  const keyframes: string[] = [];
  let begun = 0;
  const groups = frames.map(({lines: rows, ms}, n) => {
    const [from, to] = [begun, begun + ms].map((at) => `${((100 * at) / total).toFixed(3)}%`);
    begun += ms;
    keyframes.push(
      `@keyframes f${n}{0%{visibility:${n === 0 ? 'visible' : 'hidden'}}${from}{visibility:visible}${to}{visibility:hidden}}`,
    );
    const uses = rows.flatMap((line, row) => {
      const name = nameOf.get(line);
      return name === undefined ? [] : `<use href="#${name}" y="${topOf(row)}"/>`;
    });
    return `<g class="f" style="animation-name:f${n}" visibility="${n === still ? 'visible' : 'hidden'}">${uses.join('')}</g>`;
  });
  // Where nothing may move, what is shown is what the attributes say.
  const moving = `.f{animation-duration:${total}ms;animation-timing-function:step-end;animation-iteration-count:infinite}`;
  const style = [`@media (prefers-reduced-motion:no-preference){${moving}}`, ...keyframes].join('\n');
  const defined = lines.map((line, n) => `<g id="l${n}">${line}</g>`);
  const rows = Math.max(...frames.map((frame) => frame.lines.findLastIndex((line) => line !== '') + 1));
  return pictureOf({
    ...{columns, rows, title, style},
    content: ['<defs>', ...defined, '</defs>', ...groups].join('\n'),
  });
}
