import {dump, JSON_SCHEMA, load} from 'js-yaml';
import * as z from 'zod';
import {ACCESSES, DEFAULT_ACCESS} from '../delegation/access.ts';
import {
  type Delegation,
  type DelegationHead,
  hasEnded,
  NO_WORK,
  OUTCOMES,
  type Parent,
  SESSION_ID,
  type State,
} from '../delegation/delegation.ts';
import {asks, decisions, fromAsks, fromDecisions, toAsks, toDecisions} from './asked.ts';
import {iso, time} from './time.ts';
import {fromWorktree, toWorktree, worktreeMatter} from './worktree-matter.ts';

const usage = z.object({
  input: z.number(),
  output: z.number(),
  reasoning: z.number(),
  cache_read: z.number(),
  cache_write: z.number(),
  cost_usd: z.number(),
});

const common = {
  id: z.string().regex(/^[a-z]+-[a-z]+-[a-z]+$/),
  title: z.string(),
  summary: z.string(),
  agent: z.string(),
  model: z.string(),
  directory: z.string(),
  access: z.enum(ACCESSES).default(DEFAULT_ACCESS),
  worktree: worktreeMatter.optional(),
  also_changed: z.array(z.object({file: z.string(), by: z.string()})).optional(),
  client: z.object({name: z.string(), version: z.string()}),
  owner: z.object({pid: z.int(), hostname: z.string(), environment: z.string().default('')}),
  parent: z
    .object({
      session: z.string().regex(SESSION_ID),
      pid: z.int(),
      message: z.string().optional(),
      agent: z.string().optional(),
      model: z.string().optional(),
      variant: z.string().optional(),
    })
    .optional(),
  created: time,
  timeout_minutes: z.number(),
  continues: z.object({id: z.string(), session: z.string()}).optional(),
  decisions: decisions.optional(),
  /** How many UTF-16 units of the body are the prompt: no mark in the text could say where it ends. */
  prompt_chars: z.int().min(0),
};

/** The front matter. Keys that are not known here (a newer version's, a person's) are left aside. */
const frontMatter = z.discriminatedUnion('status', [
  z.object({status: z.enum(['registered', 'queued']), ...common}),
  z.object({
    status: z.literal('running'),
    ...common,
    started: time,
    session: z.string().optional(),
    asks: asks.optional(),
  }),
  z.object({
    status: z.enum(OUTCOMES),
    ...common,
    started: time.optional(),
    ended: time,
    read: time.optional(),
    session: z.string().optional(),
    usage,
    tool_calls: z.int(),
    files_changed: z.array(z.string()),
    refused: z.array(z.string()),
    error: z.string().optional(),
  }),
]);

type FrontMatter = z.output<typeof frontMatter>;

const PROMPT_HEADING = '\n## Prompt\n\n';
const RESULT_HEADING = '\n\n## Result\n\n';
const FENCE = '---\n';

/** Writes a record as a markdown file: YAML front matter for programs, title, prompt and result for people. */
export function renderRecord(delegation: Delegation): string {
  const {prompt, text} = delegation;
  const yaml = dump(toFrontMatter(delegation), {schema: JSON_SCHEMA, lineWidth: -1, noRefs: true});
  return `${FENCE}${yaml}${FENCE}${headOf(delegation)}${PROMPT_HEADING}${prompt}${RESULT_HEADING}${text}\n`;
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
  return `\n# ${title}\n${summary === '' ? '' : `\n${summary}\n`}`;
}

function split(file: string): {matter: FrontMatter; body: string} {
  // Within the YAML no line can be a bare fence: multi-line texts are quoted or indented.
  const end = file.indexOf(`\n${FENCE}`, FENCE.length - 1);
  if (!file.startsWith(FENCE) || end === -1) throw new Error('it has no front matter');
  const parsed = frontMatter.safeParse(load(file.slice(FENCE.length, end + 1), {schema: JSON_SCHEMA}));
  if (!parsed.success) throw new Error(`its front matter does not fit: ${z.prettifyError(parsed.error)}`);
  return {matter: parsed.data, body: file.slice(end + 1 + FENCE.length)};
}

function toHead(matter: FrontMatter, project: string): DelegationHead {
  const {id, title, summary, agent, model, directory, access, client, owner, continues} = matter;
  return {
    ...{id, project, title, summary, agent, model, directory, access, client, owner},
    ...(matter.parent !== undefined && {parent: toParent(matter.parent)}),
    createdAt: matter.created,
    timeoutMs: Math.round(matter.timeout_minutes * 60_000),
    state: toState(matter),
    ...(matter.worktree !== undefined && {worktree: toWorktree(matter.worktree)}),
    ...(matter.also_changed !== undefined && {alsoChanged: matter.also_changed}),
    ...(continues !== undefined && {continues: {id: continues.id, sessionId: continues.session}}),
    ...(matter.decisions !== undefined && {decisions: toDecisions(matter.decisions)}),
    ...('read' in matter && matter.read !== undefined && {readAt: matter.read}),
  };
}

function toParent({session, pid, ...rest}: NonNullable<FrontMatter['parent']>): Parent {
  const known = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {session, pid, ...Object.fromEntries(known)};
}

function toState(matter: FrontMatter): State {
  switch (matter.status) {
    case 'registered':
    case 'queued':
      return {status: matter.status};
    case 'running':
      return {
        status: 'running',
        startedAt: matter.started,
        ...(matter.session !== undefined && {sessionId: matter.session}),
        ...(matter.asks !== undefined && {asks: toAsks(matter.asks)}),
      };
    default: {
      const {input, output, reasoning, cache_read, cache_write, cost_usd} = matter.usage;
      return {
        status: matter.status,
        endedAt: matter.ended,
        ...(matter.started !== undefined && {startedAt: matter.started}),
        ...(matter.session !== undefined && {sessionId: matter.session}),
        ...(matter.error !== undefined && {error: matter.error}),
        work: {
          ...NO_WORK,
          usage: {input, output, reasoning, cacheRead: cache_read, cacheWrite: cache_write, cost: cost_usd},
          toolCalls: matter.tool_calls,
          filesChanged: matter.files_changed,
          refused: matter.refused,
        },
      };
    }
  }
}

function toFrontMatter(delegation: Delegation): z.input<typeof frontMatter> {
  const {id, title, summary, agent, model, directory, access, client, owner} = delegation;
  const {state, readAt, continues, alsoChanged} = delegation;
  const shared = {
    ...{title, summary, agent, model, directory},
    ...(access !== DEFAULT_ACCESS && {access}),
    ...(delegation.worktree !== undefined && {worktree: fromWorktree(delegation.worktree)}),
    ...(alsoChanged !== undefined && {also_changed: alsoChanged.map((one) => ({...one}))}),
    client: {name: client.name, version: client.version},
    owner: {pid: owner.pid, hostname: owner.hostname, environment: owner.environment},
    ...(delegation.parent !== undefined && {parent: {...delegation.parent}}),
    created: iso(delegation.createdAt),
    timeout_minutes: delegation.timeoutMs / 60_000,
    ...(continues !== undefined && {continues: {id: continues.id, session: continues.sessionId}}),
    ...(delegation.decisions !== undefined && {decisions: fromDecisions(delegation.decisions)}),
    prompt_chars: delegation.prompt.length,
  };
  if (!hasEnded(state)) {
    if (state.status !== 'running') return {id, status: state.status, ...shared};
    const session = state.sessionId === undefined ? {} : {session: state.sessionId};
    const blocked = state.asks === undefined ? {} : {asks: fromAsks(state.asks)};
    return {id, status: state.status, ...shared, started: iso(state.startedAt), ...session, ...blocked};
  }
  const {usage, toolCalls, filesChanged, refused} = state.work;
  return {
    id,
    status: state.status,
    ...shared,
    ...(state.startedAt !== undefined && {started: iso(state.startedAt)}),
    ended: iso(state.endedAt),
    ...(readAt !== undefined && {read: iso(readAt)}),
    ...(state.sessionId !== undefined && {session: state.sessionId}),
    usage: {
      input: usage.input,
      output: usage.output,
      reasoning: usage.reasoning,
      cache_read: usage.cacheRead,
      cache_write: usage.cacheWrite,
      cost_usd: usage.cost,
    },
    tool_calls: toolCalls,
    files_changed: [...filesChanged],
    refused: [...refused],
    ...(state.error !== undefined && {error: state.error}),
  };
}
