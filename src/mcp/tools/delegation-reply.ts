import {z} from 'zod';
import {defineTool} from '../calls/tool.ts';
import {renderReplied} from '../render/asks.ts';
import {nameArgument} from './names.ts';

export const delegationReply = defineTool({
  name: 'delegation_reply',
  title: 'Answer a blocked delegation',
  description:
    "Allows, this once, or denies what a blocked delegation's agent asks for, or answers its question. delegation_read shows the request.",
  annotations: {readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true},
  searchHint: 'allow, deny or answer what a background agent asks',
  ownWords: ['message'],
  input: z.object({
    id: nameArgument(),
    decision: z.enum(['allow', 'deny']),
    message: z.string().optional().describe('To deny with, or the answer: an option or own words.'),
    request: z.int().min(1).optional().describe('Its number. Default: the oldest.'),
  }),
  async call({id, decision, message, request}, {delegations, client}) {
    const replied = await delegations.reply(await client.project(id), id, {
      decision,
      ...(message !== undefined && {message}),
      ...(request !== undefined && {number: request}),
    });
    return {blocks: [renderReplied(replied, Date.now())], shown: replied.delegation};
  },
});
