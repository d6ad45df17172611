import {shorten} from '../../base/errors.ts';
import {plainLine} from '../../base/safe-text.ts';

const TITLE_CHARS = 72;
const SUMMARY_CHARS = 200;

/** What a list shows of a delegation: a title of a few words and a summary of one line. */
export interface Headline {
  readonly title: string;
  readonly summary: string;
}

/** A title at once, from the first line of the prompt that says something. */
export function titleOf(prompt: string): string {
  return shorten(firstSentence(firstLine(prompt)), TITLE_CHARS);
}

/** A summary at once, from the first line of the answer that says something. */
export function summaryOf(text: string): string {
  return shorten(firstLine(text), SUMMARY_CHARS);
}

/** Makes one line of the given length out of whatever a model wrote as a title or a summary. */
export function tidyHeadline(headline: Headline): Headline {
  return {
    title: shorten(firstLine(headline.title), TITLE_CHARS),
    summary: shorten(firstLine(headline.summary), SUMMARY_CHARS),
  };
}

/** Fences, rules and front-matter lines say nothing; the marks of headings, lists and quotes are dropped. */
function firstLine(text: string): string {
  for (const line of text.split(/\r?\n|\r/)) {
    const plain = plainLine(line)
      .replace(/^(?:[#>*+-]+|\d+[.)])\s+/, '')
      .replace(/[*_`~]{2,}|`/g, '')
      .trim();
    if (/[\p{L}\p{N}]/u.test(plain)) return plain;
  }
  return '';
}

function firstSentence(line: string): string {
  return /^.{8,}?[.!?](?=\s)/u.exec(line)?.[0].replace(/\.$/, '') ?? line;
}
