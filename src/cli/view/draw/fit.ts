import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';
import {manyLines} from '../../../base/safe-text.ts';

/** What takes a column for each character: most of what there is, which need not be taken apart to be measured. */
const PLAIN = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u024f\u2026\u2500]*$/;
/** A line is not looked at further than this: ten thousand characters of a title are a line as well. */
const MAX_LINE_CHARS = 4_000;
const TAB = '    ';
const graphemes = new Intl.Segmenter(undefined, {granularity: 'grapheme'});

export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** The text in exactly so many columns: cut off, or filled up with blanks. */
export function padded(text: string, columns: number): string {
  const cut = cutTo(text, columns);
  return cut + ' '.repeat(Math.max(0, columns - widthOf(cut)));
}

/** The text in at most so many columns. */
export function cutTo(text: string, columns: number): string {
  if (columns < 1) return '';
  const short = text.slice(0, columns * 8 + 8);
  if (PLAIN.test(short)) return short.length <= columns ? short : `${short.slice(0, columns - 1)}…`;
  return widthOf(short) <= columns ? short : cliTruncate(short, columns);
}

/** What others have written, in lines of so many columns; broken between words where that is possible. */
export function wrapped(text: string, columns: number): readonly string[] {
  return manyLines(text)
    .replaceAll('\t', TAB)
    .split('\n')
    .flatMap((line) => wrappedLine(line, Math.max(1, columns)));
}

function wrappedLine(line: string, columns: number): readonly string[] {
  if (widthOf(line.slice(0, columns * 8)) <= columns && line.length <= columns * 8) return [line];
  const lines: string[] = [];
  let rest = line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)}…` : line;
  while (rest !== '') {
    const taken = beginning(rest, columns);
    lines.push(taken.trimEnd());
    rest = rest.slice(taken.length);
  }
  return lines;
}

/** As much of a line as fits, up to the end of a word where there is one. */
function beginning(line: string, columns: number): string {
  let width = 0;
  let end = 0;
  let afterBlank = 0;
  for (const {segment} of graphemes.segment(line.slice(0, columns * 8))) {
    width += widthOf(segment);
    // The blank after the last word need not fit.
    if (width > columns && segment !== ' ') return line.slice(0, afterBlank || end || segment.length);
    end += segment.length;
    if (segment === ' ') afterBlank = end;
  }
  return line.slice(0, end);
}
