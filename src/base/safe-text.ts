/**
 * What models, repositories, providers and records have written, made safe for where it is shown. Nothing of it may
 * move a cursor, be invisible, begin a line of ours, or look like a tag that a model takes for its client's. What is
 * shown verbatim, which is the answer alone, stands between marks instead.
 *
 * What cannot be seen is shown by its code and not left out: anyone who allows a command must see all of it.
 */
import {stripVTControlCharacters} from 'node:util';

/** Joiners and variation selectors belong to some scripts and to emoji: there, one of them is kept. */
const STRAY_JOINER =
  /(?<![^\p{ASCII}\p{DI}]|\ufe0f)(?:\u200c|\u200d)|(?:\u200c|\u200d)(?![^\p{ASCII}\p{DI}])/u;
const STRAY_SELECTOR = /(?<!\p{Emoji})(?:\ufe0e|\ufe0f)/u;
/** Controls, what shows nothing or turns the direction of what does, and halves of characters. */
const UNSEEN = /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cc}\p{DI}\ufff9-\ufffb\p{Cs}]/u;
const HIDDEN = new RegExp([STRAY_JOINER, STRAY_SELECTOR, UNSEEN].map(({source}) => source).join('|'), 'gu');

const BLANKS = /[\s\u0085]+/g;
/** A break with the indentation after it. Other blanks are left: paths have them. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]\s*/g;
const LINE_BREAKS = /\r\n|[\r\v\f\u0085\u2028\u2029]/g;
/** What ends a name in quotes, or its line. */
const NAME_ENDS = /["\t\n\v\f\r\u0085\u2028\u2029]/g;
/** What begins a tag, or could be taken for its beginning. */
const TAG = /<(?=[\p{L}/!?])/gu;

/** One line: for a terminal, a log, a toast, a menu. */
export function oneLine(text: string): string {
  return coded(text.replace(BREAKS, ' ').trim());
}

/**
 * A name that somebody else has chosen, in quotes that it cannot end: of a folder, a file, a server. Nothing in it can
 * pass for what we say of it.
 */
export function inQuotes(name: string): string {
  return `"${coded(name.replace(NAME_ENDS, (end) => `\\u{${codeOf(end)}}`))}"`;
}

/** As {@link oneLine}, where lines and indentation matter. */
export function manyLines(text: string): string {
  return coded(text.replace(LINE_BREAKS, '\n'));
}

/** A line of a file, in which nothing begins another line: breaks that are not the file's own are shown by their codes. */
export function fileLine(text: string): string {
  return coded(text).replace(/[\n\u2028\u2029]/g, (end) => `\\u{${codeOf(end)}}`);
}

/** One line within a text of ours that a model reads. */
export function quoted(text: string): string {
  return tagless(oneLine(text));
}

/** Several lines within such a text: all but the first stand back, so that none is taken for one of ours. */
export function quotedLines(text: string): string {
  return tagless(manyLines(text)).replaceAll('\n', '\n  ');
}

/** Text that has to be seen as it is, a command say: every line stands back, and all tags are left in it. */
export function indentedLines(text: string): string {
  return manyLines(text).replace(/^/gm, '    ');
}

/** What stands between tags of ours. */
export function withinTags(text: string): string {
  return manyLines(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A heading or a paragraph of one line in markdown, which brings no picture, link or page of its own. */
export function markdownLine(text: string): string {
  return oneLine(text)
    .replace(TAG, '&lt;')
    .replace(/\[/g, '\\[')
    .replace(/^(?=[#>+=*-])|(?<=^\d{1,9})(?=[.)])/, '\\');
}

/** A title or a summary without what can be left out: colours, and what nobody sees. */
export function plainLine(text: string): string {
  return stripVTControlCharacters(text).replace(BLANKS, ' ').replace(HIDDEN, '').trim();
}

/** YAML whose texts are in double quotes, with codes in the place of what cannot be seen or begins a tag. */
export function yamlCoded(yaml: string): string {
  return yaml
    .replace(HIDDEN, (hidden) => (hidden === '\n' ? hidden : yamlCode(hidden)))
    .replace(TAG, yamlCode);
}

function yamlCode(character: string): string {
  const code = codeOf(character);
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}

/** True where something in the text cannot be seen, line breaks aside. */
export function hasHidden(text: string): boolean {
  return text.replaceAll('\n', '').search(HIDDEN) !== -1;
}

/** True where something in the text begins as tags do. */
export function hasTag(text: string): boolean {
  return text.search(TAG) !== -1;
}

function coded(text: string): string {
  return text.replace(HIDDEN, (hidden) =>
    hidden === '\n' || hidden === '\t' ? hidden : `\\u{${codeOf(hidden)}}`,
  );
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}

function tagless(text: string): string {
  return text.replace(TAG, '‹');
}
