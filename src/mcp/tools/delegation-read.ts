import {z} from 'zod';
import {Refusal} from '../../base/errors.ts';
import {hasEnded} from '../../delegation/model/delegation.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {endMarkOf} from '../../report/answer.ts';
import {ProgressTicker} from '../calls/progress-ticker.ts';
import {defineTool, type ToolAnswer, type ToolContext} from '../calls/tool.ts';
import {renderFirstProgress, renderNoneYet} from '../render/first.ts';
import {pageOf} from '../render/page.ts';
import {renderHead, renderProgress, renderUnended} from '../render/render.ts';
import {nameArgument} from './names.ts';

/** Fits every client that is known: Codex cuts a result at about 12,000 characters. */
const PAGE_CHARS = 9_000;
/** Claude Code and OpenCode cut a result at about 50,000. */
const MAX_PAGE_CHARS = 45_000;
/** Below the 60 s after which most clients give up on a call. */
const SHORT_WAIT_SECONDS = 45;
/** As long as a delegation can take. */
const LONGEST_WAIT_SECONDS = 24 * 60 * 60;

export const delegationRead = defineTool({
  name: 'delegation_read',
  title: 'Read a delegation',
  description:
    'Waits for the end of a delegation and returns its result, verbatim, in pages, with what it cost and changed. Without id: the oldest unread result, else whichever ends first.',
  annotations: {readOnlyHint: true, openWorldHint: false},
  input: z.object({
    id: nameArgument().optional(),
    wait_seconds: z
      .number()
      .min(0)
      .max(LONGEST_WAIT_SECONDS)
      .optional()
      .describe('0 answers at once. Default: as long as this client allows.'),
    offset: z.int().min(0).default(0).describe('Default: 0.'),
    max_chars: z.int().min(1).max(MAX_PAGE_CHARS).default(PAGE_CHARS).describe(`Default: ${PAGE_CHARS}.`),
  }),
  async call({id, wait_seconds, offset, max_chars}, context) {
    const ticker = context.progress && new ProgressTicker(context.progress);
    const waiting = {ms: waitOf(wait_seconds, context) * 1_000, signal: context.signal};
    const page = {offset, size: max_chars};
    try {
      return id === undefined
        ? await readFirst(waiting, {page, context, ticker})
        : await readOne(id, waiting, {page, context, ticker});
    } finally {
      ticker?.stop();
    }
  },
});

interface Reading {
  readonly page: {readonly offset: number; readonly size: number};
  readonly context: ToolContext;
  readonly ticker: ProgressTicker | undefined;
}

type Waiting = {readonly ms: number; readonly signal: AbortSignal};

/** In seconds. */
function waitOf(asked: number | undefined, {client, progress}: ToolContext): number {
  return (
    asked ?? (client.extendsOnProgress && progress !== undefined ? LONGEST_WAIT_SECONDS : SHORT_WAIT_SECONDS)
  );
}

async function readOne(id: string, waiting: Waiting, reading: Reading): Promise<ToolAnswer> {
  const {delegations, client} = reading.context;
  const view = await delegations.wait({
    ...{...waiting, project: await client.project(id), id},
    onChange: (look) => reading.ticker?.show(() => renderProgress(look(), Date.now())),
  });
  return shown(view, reading);
}

/** Whichever is first of those that the session that calls has delegated, else of the project's. */
async function readFirst(waiting: Waiting, reading: Reading): Promise<ToolAnswer> {
  const {page, context, ticker} = reading;
  if (page.offset > 0) throw new Refusal('delegation_read: an offset belongs to an id.');
  const {delegations, client, caller} = context;
  const first = await delegations.first(
    {
      ...{...waiting, project: await client.project()},
      ...(caller !== undefined && {session: caller.stamp.session}),
      onChange: (look) => ticker?.show(() => renderFirstProgress(look(), Date.now())),
    },
    (view) => shown(view, reading),
  );
  return 'found' in first ? first.found : {blocks: [renderNoneYet(first.open)]};
}

async function shown(view: DelegationView, {page: {offset, size}, context}: Reading): Promise<ToolAnswer> {
  const {delegation} = view;
  if (!hasEnded(delegation.state)) {
    return {blocks: [renderUnended(view, Date.now())], shown: delegation};
  }
  const {text} = delegation;
  if (offset > 0 && offset >= text.length) {
    throw new Refusal(
      `${delegation.id} has ${text.length} characters, so there is nothing at offset ${offset}. delegation_read("${delegation.id}") starts at the beginning.`,
    );
  }
  const page = pageOf(text, {offset, size});
  // The mark is known at once; the reader need not wait until it is on disk too.
  if (page.next === undefined) void context.delegations.markRead(delegation);
  const artifact = context.artifact(delegation.project, delegation.id);
  const mark = endMarkOf(delegation);
  const from = await context.client.directory();
  const head = renderHead({delegation, page, artifact, mark, from, notes: view.notes});
  const words = page.text === '' ? [] : [{verbatim: page.text}, mark];
  return {blocks: [head, ...words], told: delegation.id};
}
