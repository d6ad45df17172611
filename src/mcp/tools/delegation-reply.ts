import {z} from 'zod';
import {Refusal} from '../../base/errors.ts';
import {defineTool} from '../calls/tool.ts';
import {renderReplied} from '../render/asks.ts';
import {renderTold} from '../render/told.ts';
import {nameArgument} from './names.ts';

export const delegationReply = defineTool({
  name: 'delegation_reply',
  title: 'Tell a delegation something',
  description:
    'Tells the agent of a queued or running delegation something more. With decision: answers what a blocked one asks, this once.',
  annotations: {readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true},
  searchHint: 'correct a background agent at work; allow, deny or answer what it asks',
  ownWords: ['message'],
  input: z.object({
    id: nameArgument(),
    message: z.string().optional().describe('What to tell it, to deny with, or to answer.'),
    decision: z.enum(['allow', 'deny']).optional(),
    request: z.int().min(1).optional().describe('Default: the oldest.'),
  }),
  async call({id, decision, message, request}, {delegations, client}) {
    const project = await client.project(id);
    if (decision === undefined) {
      if (message === undefined) throw new Refusal('delegation_reply: give a message, or a decision.');
      if (request !== undefined) {
        throw new Refusal('delegation_reply: a request is answered with decision "allow" or "deny".');
      }
      const told = await delegations.tell(project, id, message);
      return {blocks: [renderTold(told, Date.now())], shown: told.delegation};
    }
    const replied = await delegations.reply(project, id, {
      decision,
      ...(message !== undefined && {message}),
      ...(request !== undefined && {number: request}),
    });
    return {blocks: [renderReplied(replied, Date.now())], shown: replied.delegation};
  },
});
