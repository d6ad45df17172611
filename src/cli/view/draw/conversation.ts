import {shorten} from '../../../base/errors.ts';
import {oneLine} from '../../../base/safe-text.ts';
import type {ShownEntry} from '../../../control/protocol.ts';
import type {Style} from '../../terminal/terminal.ts';
import {cutTo, wrapped} from './fit.ts';
import type {Area} from './paint.ts';

/** Of a tool's result, so many lines are shown, and of a call so many characters. */
const RESULT_LINES = 6;
const CALL_CHARS = 400;

/** A conversation in lines that fit. */
export function conversationLines(entries: readonly ShownEntry[], area: Area): readonly string[] {
  return entries.flatMap((entry) => entryLines(entry, area));
}

/** Its last lines, at most so many; what comes before them is not even looked at. */
export function lastLines(entries: readonly ShownEntry[], area: Area): readonly string[] {
  let lines: readonly string[] = [];
  for (let at = entries.length - 1; at >= 0 && lines.length < area.rows; at -= 1) {
    const entry = entries[at];
    if (entry !== undefined) lines = [...entryLines(entry, area), ...lines];
  }
  return area.rows < 1 ? [] : lines.slice(-area.rows);
}

interface Made {
  readonly columns: number;
  readonly lines: readonly string[];
}

/** An entry is wrapped once for a width: a host that has more of it sends another object. */
const MADE = new WeakMap<ShownEntry, Made>();

function entryLines(entry: ShownEntry, area: Area): readonly string[] {
  const known = MADE.get(entry);
  if (known?.columns === area.columns) return known.lines;
  const margin = entry.is_below ? '  | ' : '';
  const lines = linesOf(entry, area, margin).map(({text, look}) => area.paint(look, `${margin}${text}`));
  MADE.set(entry, {columns: area.columns, lines});
  return lines;
}

interface Line {
  readonly text: string;
  readonly look: Style;
}

function linesOf({said}: ShownEntry, area: Area, margin: string): readonly Line[] {
  const columns = area.columns - margin.length;
  const all = (text: string, look: Style, prefix = ''): readonly Line[] =>
    wrapped(text.trimEnd(), columns - prefix.length).map((line) => ({text: prefix + line, look}));
  switch (said.kind) {
    case 'prompt':
      return all(said.text, 'strong', '> ');
    case 'text':
      return said.text.trim() === '' ? [] : all(said.text, 'plain');
    case 'error':
      return all(said.text, 'bad');
    case 'thinking':
      return [{text: '(thinking)', look: 'faint'}];
    case 'compaction':
      return [{text: cutTo('(OpenCode compacted the conversation)', columns), look: 'faint'}];
    case 'tool': {
      const {tool, about, status, output} = said;
      const call = `* ${shorten(oneLine(`${tool} ${about}`), CALL_CHARS)}`;
      const head = {text: cutTo(call, columns), look: 'busy' as const};
      if (status === 'pending' || status === 'running' || output.trim() === '') return [head];
      return [head, ...result(output, columns, status === 'error' ? 'bad' : 'faint')];
    }
  }
}

function result(output: string, columns: number, look: Style): readonly Line[] {
  const lines = output.trimEnd().split(/\r\n|[\r\n]/);
  const shown = lines.slice(0, RESULT_LINES).map((line) => cutTo(`    ${flat(line, columns)}`, columns));
  const more = lines.length - shown.length;
  return [...shown, ...(more > 0 ? [`    … ${more} more lines`] : [])].map((text) => ({text, look}));
}

/** One line, with its indentation. */
function flat(line: string, columns: number): string {
  const short = line.slice(0, columns * 8);
  const margin = /^ */.exec(short)?.[0] ?? '';
  return margin + oneLine(short);
}
