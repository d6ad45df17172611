import {z} from 'zod';
import type {Stamp} from '../../contract/stamp.ts';
import {type DelegationHead, STATUSES} from '../../delegation/model/delegation.ts';
import {count} from '../../report/format.ts';
import {defineTool} from '../calls/tool.ts';
import {renderEntry} from '../render/entry.ts';

/** What models write for no status in particular. */
const ALL = 'all';
const PAGE_ENTRIES = 20;
const MAX_PAGE_ENTRIES = 100;

export const delegationList = defineTool({
  name: 'delegation_list',
  title: 'List delegations',
  description: "Lists this project's delegations, newest first, also those of earlier sessions.",
  annotations: {readOnlyHint: true, openWorldHint: false},
  searchHint: 'find earlier background agents and their results',
  input: z.object({
    status: z
      .enum([ALL, ...STATUSES])
      .default(ALL)
      .describe(`Default: ${ALL}.`),
    limit: z.int().min(1).max(MAX_PAGE_ENTRIES).default(PAGE_ENTRIES).describe(`Default: ${PAGE_ENTRIES}.`),
    offset: z.int().min(0).default(0).describe('Default: 0.'),
  }),
  async call({status, limit, offset}, {delegations, client, caller}) {
    const project = await client.project();
    const all = ownFirst(await delegations.list(project), caller?.stamp);
    const matching = status === ALL ? all : all.filter(({state}) => state.status === status);
    const page = matching.slice(offset, offset + limit);
    const kind = status === ALL ? 'delegations' : `${status} delegations`;
    if (page.length === 0) {
      return {
        blocks: [
          matching.length === 0
            ? `No ${kind} in this project yet.`
            : `There are ${count(matching.length)} ${kind}; none at offset ${offset}.`,
        ],
      };
    }
    const shown = offset + page.length;
    const next = shown < matching.length ? `; next: delegation_list(offset: ${shown})` : '';
    const now = Date.now();
    const entries = page.map((head) =>
      renderEntry(head, {now, view: delegations.view(project, head.id), session: caller?.stamp.session}),
    );
    return {
      blocks: [
        [
          `${count(offset + 1)} to ${count(shown)} of ${count(matching.length)} ${kind}${next}`,
          ...entries,
        ].join('\n'),
      ],
    };
  },
});

/** Where it is known which session asks, its delegations come before those of the project's other sessions. */
function ownFirst(all: readonly DelegationHead[], caller: Stamp | undefined): readonly DelegationHead[] {
  if (caller === undefined) return all;
  const isOwn = ({parent}: DelegationHead) => parent?.session === caller.session;
  return [...all.filter(isOwn), ...all.filter((head) => !isOwn(head))];
}
