import {z} from 'zod';
import {renderCancelled} from '../render.ts';
import {defineTool} from '../tool.ts';

export const delegationCancel = defineTool({
  name: 'delegation_cancel',
  title: 'Cancel a delegation',
  description:
    'Stops a queued or running delegation and returns the end it reached. What it had written is kept. One that has ended stays as it is.',
  annotations: {readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false},
  searchHint: 'stop a background agent',
  input: z.object({id: z.string().describe('Three words, as delegate and delegation_list give them.')}),
  async call({id}, {delegations, client}) {
    const cancelled = await delegations.cancel(await client.project(id), id);
    return {
      blocks: [renderCancelled(cancelled)],
      ...(!cancelled.wasEnded && {told: cancelled.delegation.id}),
    };
  },
});
