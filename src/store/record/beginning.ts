import {markdownLine} from '../../base/safe-text.ts';
import {type DelegationHead, OUTCOMES} from '../../delegation/model/delegation.ts';
import {withoutBrief} from './brief.ts';
import {toHead} from './front-matter.ts';
import type {FrontMatter} from './schema.ts';

export const PROMPT_HEADING = '\n## Prompt\n\n';
export const RESULT_HEADING = '\n\n## Result\n\n';
export const FENCE = '---\n';

const ENDED = new RegExp(`^${FENCE}id: [a-z]+-[a-z]+-[a-z]+\\nstatus: (?:${OUTCOMES.join('|')})\\n`);
/** Longer than what stands before the end of the second line. */
const SIGHT_BYTES = 256;

/** True when the first bytes of a record say that it has ended; false where they leave it open. */
export function hasEndedAtSight(beginning: Buffer): boolean {
  return ENDED.test(beginning.toString('latin1', 0, SIGHT_BYTES));
}

/** What stands between title and prompt in the body. */
export function headOf({title, summary}: {title: string; summary: string}): string {
  return `\n# ${markdownLine(title)}\n${summary === '' ? '' : `\n${markdownLine(summary)}\n`}`;
}

/** The front matter of a record, without what it opens with for people, and the rest. @throws when it has none. */
export function parts(file: string): {yaml: string; body: string} {
  // Within the YAML no line can be a bare fence: multi-line texts are quoted or indented.
  const end = file.indexOf(`\n${FENCE}`, FENCE.length - 1);
  if (!file.startsWith(FENCE) || end === -1) throw new Error('it has no front matter');
  return {yaml: withoutBrief(file.slice(FENCE.length, end + 1)), body: file.slice(end + 1 + FENCE.length)};
}

export interface HeadInOptions {
  /** That of the whole file: one that was cut off in its prompt is not taken for whole. */
  readonly size: number;
  readonly project: string;
  /** Reads front matter; `undefined` for what it does not know. */
  readonly read: (yaml: string) => FrontMatter | undefined;
}

/** The head of a record, when the first bytes of its file tell all that is needed; else `undefined`. */
export function headIn(beginning: Buffer, {size, project, read}: HeadInOptions): DelegationHead | undefined {
  const end = beginning.indexOf(`\n${FENCE}`, FENCE.length - 1);
  if (end === -1) return undefined;
  const bodyAt = end + 1 + FENCE.length;
  const matter = read(parts(beginning.toString('utf8', 0, bodyAt)).yaml);
  if (matter === undefined) return undefined;
  const beforePrompt = Buffer.from(`${headOf(matter)}${PROMPT_HEADING}`);
  const promptAt = bodyAt + beforePrompt.length;
  if (!beginning.subarray(bodyAt, promptAt).equals(beforePrompt)) return undefined;
  // A UTF-16 unit is a byte at least.
  if (size < promptAt + matter.prompt_chars + RESULT_HEADING.length) return undefined;
  return toHead(matter, project);
}
