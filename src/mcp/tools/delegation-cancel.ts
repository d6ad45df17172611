import {z} from 'zod';
import {defineTool} from '../calls/tool.ts';
import {renderCancelled} from '../render/render.ts';
import {nameArgument} from './names.ts';

export const delegationCancel = defineTool({
  name: 'delegation_cancel',
  title: 'Cancel a delegation',
  description: 'Stops a queued or running delegation. What it has written by then is kept.',
  annotations: {readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false},
  searchHint: 'stop a background agent',
  input: z.object({id: nameArgument()}),
  async call({id}, {delegations, client}) {
    const cancelled = await delegations.cancel(await client.project(id), id);
    return {
      blocks: [renderCancelled(cancelled)],
      ...(!cancelled.wasEnded && {told: cancelled.delegation.id}),
    };
  },
});
