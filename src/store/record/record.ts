import {dump, JSON_SCHEMA, load} from 'js-yaml';
import * as z from 'zod';
import {hasHidden, hasTag, yamlCoded} from '../../base/safe-text.ts';
import type {Delegation, DelegationHead} from '../../delegation/model/delegation.ts';
import {FENCE, headIn, headOf, PROMPT_HEADING, parts, RESULT_HEADING} from './beginning.ts';
import {withBrief} from './brief.ts';
import {toFrontMatter, toHead} from './front-matter.ts';
import {toMessages} from './messages.ts';
import {ordinaryMatter} from './ordinary-matter.ts';
import {type FrontMatter, frontMatter} from './schema.ts';
import {loadSimple} from './simple-yaml.ts';

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
    ...longIn(matter),
    prompt: body.slice(prompt.start, prompt.end),
    text: body.slice(result.start).replace(/\n$/, ''),
  };
}

/** What only the whole record has, besides its prompt and its result. */
function longIn({messages, expect, repair}: FrontMatter): Pick<Delegation, 'messages' | 'expect' | 'repair'> {
  return {
    ...(messages !== undefined && {messages: toMessages(messages)}),
    ...(expect !== undefined && {expect}),
    ...(repair !== undefined && {repair: {sessionId: repair.session, why: repair.why}}),
  };
}

/** Reads all but the long texts. Throws as {@link parseRecord} does. */
export function parseHead(file: string, project: string): DelegationHead {
  const {matter, body} = split(file);
  sections(matter, body);
  return toHead(matter, project);
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
  return headIn(beginning, {size, project, read: matterOf});
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

function split(file: string): {matter: FrontMatter; body: string} {
  const {yaml, body} = parts(file);
  return {matter: matterOf(yaml), body};
}

function matterOf(yaml: string): FrontMatter {
  const ordinary = ordinaryMatter(yaml);
  if (ordinary !== undefined) return ordinary;
  const parsed = frontMatter.safeParse(loadSimple(yaml) ?? load(yaml, {schema: JSON_SCHEMA}));
  if (!parsed.success) throw new Error(`its front matter does not fit: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
