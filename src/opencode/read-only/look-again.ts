import {basename, dirname, resolve} from 'node:path';
import {contentOf, namesIn} from './inside.ts';
import {instructionsIn, instructionsOf} from './instructions.ts';

/**
 * What OpenCode says of a file is held against what the file holds. Between a look at a path and the read of it, the
 * path can be made to lead elsewhere, and back again before the next look: what was shown is what counts.
 */

/** What a tool has answered. */
export interface Result {
  output: string;
  metadata: Record<string, unknown>;
  attachments?: readonly {readonly url?: string}[];
}

const LINE_END = /\r\n|\n|\r/;
const TRUNCATED = /\.\.\. \(line truncated to \d+ chars\)$/;
const NUMBERED = /^\d+: /;
/** Lines of the file itself begin with their numbers. */
const FILE_BODY = /<content>\n([\s\S]*?)\n<\/content>/;
const FOLDER_BODY = /<entries>\n([\s\S]*)\n<\/entries>$/;
/** What `read` says below what it shows. */
const REMARK = /^\((?:Showing|End of file|Output capped|\d+ entries)\b.*\)$/;
const CUT = /\.\.\.$/;
/** A line of which OpenCode's `grep` shows no more than this ends in three dots. */
const CUT_CHARS = 2_000;

/** True when all that `read` shows is in the file, or the folder, of this path inside the directory. */
export function isRead(result: Result, path: string, root: string): boolean {
  const names = namesIn(path, root);
  if (names !== undefined) return isListed(result.output, names);
  const content = contentOf(path, root);
  if (content === undefined) return false;
  const {attachments = []} = result;
  if (attachments.length > 0) {
    const data = `;base64,${content.toString('base64')}`;
    return attachments.every(({url}) => url?.endsWith(data) === true);
  }
  const body = FILE_BODY.exec(result.output)?.[1];
  return body !== undefined && isIn(content, shownIn(body));
}

/** True when the instructions that `read` has added are those of files inside the directory. */
export function areInstructions(result: Result, root: string): boolean {
  const texts = instructionsIn(result.metadata).map((path) => {
    const content = contentOf(path, root);
    return content === undefined ? undefined : `Instructions from: ${path}\n${decoded(content)}`;
  });
  return !texts.includes(undefined) && instructionsOf(result.output) === texts.join('\n\n');
}

/** What `grep` and `glob` say, held against what is there. One is for one answer: it remembers what it saw. */
export class Seen {
  readonly #root: string;
  readonly #contents = new Map<string, string | undefined>();
  readonly #names = new Map<string, ReadonlySet<string> | undefined>();

  constructor(root: string) {
    this.#root = root;
  }

  /** True when there is a file of this path inside the directory. */
  has(path: string): boolean {
    const folder = dirname(resolve(this.#root, path));
    if (!this.#names.has(folder)) this.#names.set(folder, namesIn(folder, this.#root));
    return this.#names.get(folder)?.has(basename(path)) === true;
  }

  /** True when the file has what `grep` shows of it. */
  holds(path: string, text: string): boolean {
    if (!this.#contents.has(path)) {
      const content = contentOf(path, this.#root);
      this.#contents.set(path, content === undefined ? undefined : decoded(content));
    }
    const shown = text.length > CUT_CHARS ? text.replace(CUT, '') : text;
    return this.#contents.get(path)?.includes(shown) === true;
  }
}

function isListed(output: string, names: ReadonlySet<string>): boolean {
  const body = FOLDER_BODY.exec(output)?.[1];
  if (body === undefined) return false;
  const entries = body.split('\n').filter((entry) => entry !== '' && !REMARK.test(entry));
  return entries.every((entry) => names.has(entry) || names.has(entry.replace(/\/$/, '')));
}

/** The lines of a file in what is shown of it, less their numbers. */
function shownIn(body: string): readonly string[] {
  return body.split('\n').flatMap((line) => {
    if (NUMBERED.test(line)) return line.replace(NUMBERED, '').split(LINE_END);
    return line === '' || REMARK.test(line) ? [] : [line];
  });
}

function isIn(content: Buffer, shown: readonly string[]): boolean {
  const text = decoded(content);
  const lines = new Set(text.split(LINE_END));
  return shown.every((line) => {
    if (lines.has(line)) return true;
    return TRUNCATED.test(line) && text.includes(line.replace(TRUNCATED, ''));
  });
}

function decoded(content: Buffer): string {
  return new TextDecoder().decode(content);
}
