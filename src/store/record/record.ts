import {dump, JSON_SCHEMA, load} from 'js-yaml';
import * as z from 'zod';
import {hasHidden, hasTag, markdownLine, yamlCoded} from '../../base/safe-text.ts';
import {type Delegation, type DelegationHead, OUTCOMES} from '../../delegation/model/delegation.ts';
import {withBrief, withoutBrief} from './brief.ts';
import {type FrontMatter, frontMatter, toFrontMatter, toHead} from './front-matter.ts';
import {toMessages} from './messages.ts';
import {ordinaryMatter} from './ordinary-matter.ts';
import {loadSimple} from './simple-yaml.ts';

const PROMPT_HEADING = '\n## Prompt\n\n';
const RESULT_HEADING = '\n\n## Result\n\n';
const FENCE = '---\n';

/**
 * Writes a record as a markdown file: YAML front matter for programs, which opens with what a person wants to know, then
 * title, prompt and result for people.
 */
export function renderRecord(delegation: Delegation): string {
  const {prompt, text} = delegation;
  return `${FENCE}${withBrief(yamlOf(toFrontMatter(delegation)), delegation)}${FENCE}${headOf(delegation)}${PROMPT_HEADING}${prompt}${RESULT_HEADING}${text}\n`;
}

const YAML = {schema: JSON_SCHEMA, lineWidth: -1, noRefs: true};

/**
 * Anyone who looks at the file in a terminal sees all that is in its front matter, and nothing else happens; a model that
 * reads it meets no tags in what others have named.
 */
function yamlOf(matter: object): string {
  const yaml = dump(matter, YAML);
  if (isPlain(yaml)) return yaml;
  return Object.entries(matter)
    .map(([key, value]) => codedYaml({[key]: value}))
    .join('');
}

/** There are codes only between double quotes; what has none is as it always is. */
function codedYaml(entry: object): string {
  const yaml = dump(entry, YAML);
  return isPlain(yaml) ? yaml : yamlCoded(dump(entry, {...YAML, forceQuotes: true, quotingType: '"'}));
}

function isPlain(yaml: string): boolean {
  return !hasHidden(yaml) && !hasTag(yaml);
}

/**
 * Reads what {@link renderRecord} wrote; prompt and result come back as they were, to the letter.
 * @throws when the front matter is not there, is no YAML, or does not fit the schema.
 */
export function parseRecord(file: string, project: string): Delegation {
  const {matter, body} = split(file);
  const {prompt, result} = sections(matter, body);
  return {
    ...toHead(matter, project),
    ...(matter.messages !== undefined && {messages: toMessages(matter.messages)}),
    prompt: body.slice(prompt.start, prompt.end),
    text: body.slice(result.start).replace(/\n$/, ''),
  };
}

/** Reads all but the long texts. Throws as {@link parseRecord} does. */
export function parseHead(file: string, project: string): DelegationHead {
  const {matter, body} = split(file);
  sections(matter, body);
  return toHead(matter, project);
}

const ENDED = new RegExp(`^${FENCE}id: [a-z]+-[a-z]+-[a-z]+\\nstatus: (?:${OUTCOMES.join('|')})\\n`);
/** Longer than what stands before the end of the second line. */
const SIGHT_BYTES = 256;

/** True when the first bytes of a record say that it has ended; false where they leave it open. */
export function hasEndedAtSight(beginning: Buffer): boolean {
  return ENDED.test(beginning.toString('latin1', 0, SIGHT_BYTES));
}

/**
 * As {@link parseHead} does, when the first bytes of a file tell all that is needed; else `undefined`. Throws as
 * {@link parseRecord} does.
 *
 * @param size that of the whole file: one that was cut off in its prompt is not taken for whole.
 */
export function parseBeginning(
  beginning: Buffer,
  {size, project}: {size: number; project: string},
): DelegationHead | undefined {
  const end = beginning.indexOf(`\n${FENCE}`, FENCE.length - 1);
  if (end === -1) return undefined;
  const bodyAt = end + 1 + FENCE.length;
  const {matter} = split(beginning.toString('utf8', 0, bodyAt));
  const beforePrompt = Buffer.from(`${headOf(matter)}${PROMPT_HEADING}`);
  const promptAt = bodyAt + beforePrompt.length;
  if (!beginning.subarray(bodyAt, promptAt).equals(beforePrompt)) return undefined;
  // A UTF-16 unit is a byte at least.
  if (size < promptAt + matter.prompt_chars + RESULT_HEADING.length) return undefined;
  return toHead(matter, project);
}

/** Where prompt and result stand in the body. */
function sections(
  matter: FrontMatter,
  body: string,
): {prompt: {start: number; end: number}; result: {start: number}} {
  const head = headOf(matter);
  const headEnd = body.startsWith(`${head}${PROMPT_HEADING}`) ? head.length : 0;
  const promptHeading = body.indexOf(PROMPT_HEADING, headEnd);
  const start = promptHeading + PROMPT_HEADING.length;
  const expected = start + matter.prompt_chars;
  // Where a person has edited the prompt, its length is no longer true: then the heading has to do.
  const end = body.startsWith(RESULT_HEADING, expected) ? expected : body.indexOf(RESULT_HEADING, start);
  if (promptHeading === -1 || end === -1) throw new Error('its prompt or result section is missing');
  return {prompt: {start, end}, result: {start: end + RESULT_HEADING.length}};
}

function headOf({title, summary}: {title: string; summary: string}): string {
  return `\n# ${markdownLine(title)}\n${summary === '' ? '' : `\n${markdownLine(summary)}\n`}`;
}

function split(file: string): {matter: FrontMatter; body: string} {
  // Within the YAML no line can be a bare fence: multi-line texts are quoted or indented.
  const end = file.indexOf(`\n${FENCE}`, FENCE.length - 1);
  if (!file.startsWith(FENCE) || end === -1) throw new Error('it has no front matter');
  const yaml = withoutBrief(file.slice(FENCE.length, end + 1));
  return {matter: ordinaryMatter(yaml) ?? matterOf(yaml), body: file.slice(end + 1 + FENCE.length)};
}

function matterOf(yaml: string): FrontMatter {
  const parsed = frontMatter.safeParse(loadSimple(yaml) ?? load(yaml, {schema: JSON_SCHEMA}));
  if (!parsed.success) throw new Error(`its front matter does not fit: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
