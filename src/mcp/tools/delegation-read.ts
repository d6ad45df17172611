import {z} from 'zod';
import {Refusal} from '../../base/errors.ts';
import {hasEnded} from '../../delegation/model/delegation.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {endMarkOf} from '../../report/answer.ts';
import {ProgressTicker} from '../calls/progress-ticker.ts';
import {defineTool, type ToolContext} from '../calls/tool.ts';
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
    'Returns the result of a delegation, verbatim and in pages, with what it cost and changed. While it runs, waits for the end as long as this client allows, then says how far it is.',
  annotations: {readOnlyHint: true, openWorldHint: false},
  input: z.object({
    id: nameArgument().describe('As delegate and delegation_list give it.'),
    wait_seconds: z
      .number()
      .min(0)
      .max(LONGEST_WAIT_SECONDS)
      .optional()
      .describe('How long to wait for the end; 0 answers at once. Default: as long as this client allows.'),
    offset: z.int().min(0).default(0).describe('First character of the page. Default: 0.'),
    max_chars: z.int().min(1).max(MAX_PAGE_CHARS).default(PAGE_CHARS).describe(`Default: ${PAGE_CHARS}.`),
  }),
  async call({id, wait_seconds, offset, max_chars}, context) {
    const view = await wait(id, wait_seconds, context);
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
    const page = pageOf(text, {offset, size: max_chars});
    // The mark is known at once; the reader need not wait until it is on disk too.
    if (page.next === undefined) void context.delegations.markRead(delegation);
    const artifact = context.artifact(delegation.project, delegation.id);
    const mark = endMarkOf(delegation);
    const from = await context.client.directory();
    const head = renderHead({delegation, page, artifact, mark, from, notes: view.notes});
    const shown = page.text === '' ? [] : [{verbatim: page.text}, mark];
    return {blocks: [head, ...shown], told: delegation.id};
  },
});

async function wait(id: string, seconds: number | undefined, context: ToolContext): Promise<DelegationView> {
  const {delegations, client, signal, progress} = context;
  const unasked =
    client.extendsOnProgress && progress !== undefined ? LONGEST_WAIT_SECONDS : SHORT_WAIT_SECONDS;
  const project = await client.project(id);
  const ticker = progress && new ProgressTicker(progress);
  try {
    return await delegations.wait({
      project,
      id,
      ms: (seconds ?? unasked) * 1_000,
      signal,
      onChange: (look) => ticker?.show(() => renderProgress(look(), Date.now())),
    });
  } finally {
    ticker?.stop();
  }
}
