import * as z from 'zod';

/** What one entry of a conversation says, as {@link ConversationEntry} has it: the same for tools and for a pool. */
export const said = z.discriminatedUnion('kind', [
  z.object({kind: z.enum(['prompt', 'text', 'thinking', 'error']), text: z.string()}),
  z.object({
    kind: z.literal('tool'),
    tool: z.string(),
    about: z.string(),
    status: z.enum(['pending', 'running', 'completed', 'error']),
    output: z.string(),
  }),
  z.object({kind: z.literal('compaction')}),
]);
