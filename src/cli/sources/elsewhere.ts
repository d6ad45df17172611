import {Refusal} from '../../base/errors.ts';
import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import type {Delegation} from '../../delegation/model/delegation.ts';
import type {RecordsOnDisk} from './records.ts';

/**
 * What the agent of a delegation that has ended on another machine said and did, as far as that has come home: else its
 * prompt, and its text.
 * @throws Refusal where there is nothing.
 */
export async function conversationFromElsewhere(
  {id, project, prompt, text, createdAt: at}: Delegation,
  records: Pick<RecordsOnDisk, 'keptConversation'>,
): Promise<readonly ConversationEntry[]> {
  const kept = await records.keptConversation({project, id});
  if (kept !== undefined) return kept;
  if (text === '') throw new Refusal(`Nothing of what the agent of ${id} has said has come home.`);
  const isBelow = false;
  return [
    {key: 'prompt', at, isBelow, said: {kind: 'prompt', text: prompt}},
    {key: 'text', at, isBelow, said: {kind: 'text', text}},
  ];
}
