import {describe, expect, it} from 'vitest';
import {conversationFromElsewhere} from '../../src/cli/sources/elsewhere.ts';
import type {ConversationEntry} from '../../src/delegation/model/conversation.ts';
import type {Delegation} from '../../src/delegation/model/delegation.ts';

const record = {id: 'swift-amber-otter', project: 'shop', prompt: 'Do it.', createdAt: 1} as Delegation;

describe('what an agent has said that ran elsewhere', () => {
  it('is what was kept of it', async () => {
    const entries: ConversationEntry[] = [
      {key: '1', at: 1, isBelow: false, said: {kind: 'text', text: 'Working.'}},
    ];
    const records = {keptConversation: async () => entries};
    expect(await conversationFromElsewhere({...record, text: 'Done.'}, records)).toBe(entries);
  });

  it('is its text where nothing was kept', async () => {
    const records = {keptConversation: async () => undefined};
    const entries = await conversationFromElsewhere({...record, text: 'So far.'}, records);
    expect(entries.map(({said}) => said)).toEqual([
      {kind: 'prompt', text: 'Do it.'},
      {kind: 'text', text: 'So far.'},
    ]);
    await expect(conversationFromElsewhere({...record, text: ''}, records)).rejects.toThrow(
      'Nothing of what the agent of swift-amber-otter has said has come home.',
    );
  });
});
