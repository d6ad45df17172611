import {ProtocolError, ProtocolErrorCode, type Server} from '@modelcontextprotocol/server';
import type {Delegations} from '../delegation/delegations.ts';
import {type DelegationHead, hasEnded, isUnread} from '../delegation/model/delegation.ts';
import {renderEntry} from './render/entry.ts';

/** A slash command in most clients. */
const PROMPT = {
  name: 'delegations',
  title: 'Report on delegations',
  description: "Lists this project's running and unread delegations and asks for a report on them.",
} as const;
/** More would fill the conversation; the tool has the rest. */
const NAMED_ENTRIES = 20;

export interface PromptsOptions {
  readonly delegations: Pick<Delegations, 'list'>;
  readonly project: () => Promise<string>;
}

/** The one prompt: where the delegations of the project stand. */
export function servePrompts(server: Server, {delegations, project}: PromptsOptions): void {
  server.setRequestHandler('prompts/list', () => ({prompts: [PROMPT]}));
  server.setRequestHandler('prompts/get', async ({params}) => {
    if (params.name !== PROMPT.name) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `Unknown prompt: ${params.name}. There is one: ${PROMPT.name}.`,
      );
    }
    const text = renderReportRequest(await delegations.list(await project()), Date.now());
    return {
      description: PROMPT.description,
      messages: [{role: 'user' as const, content: {type: 'text' as const, text}}],
    };
  });
}

function renderReportRequest(all: readonly DelegationHead[], now: number): string {
  const open = all.filter(({state}) => !hasEnded(state));
  const unread = all.filter(isUnread);
  if (open.length + unread.length === 0) {
    return 'No delegation of this project is running, and none has ended unread. Say so, and use delegation_list if I ask for earlier ones.';
  }
  return [
    "Report on this project's background delegations.",
    section('Running or queued', open, now),
    section('Ended and not read yet', unread, now),
    'Read each ended one with delegation_read(id) and say in a few sentences what came out, and what went wrong if anything did. For those that still run, delegation_read(id, wait_seconds: 0) says how far they are: do not wait for them.',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function section(title: string, heads: readonly DelegationHead[], now: number): string {
  if (heads.length === 0) return '';
  const entries = heads.slice(0, NAMED_ENTRIES).map((head) => renderEntry(head, {now}));
  const more = heads.length - entries.length;
  return [`${title}:`, ...entries, ...(more > 0 ? [`and ${more} more: delegation_list has them.`] : [])].join(
    '\n',
  );
}
