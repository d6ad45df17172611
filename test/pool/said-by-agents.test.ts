import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {ConversationEntry, Said} from '../../src/delegation/model/conversation.ts';
import {SaidByAgents} from '../../src/pool/worker/said-by-agents.ts';

const entry = (key: string, said: Said): ConversationEntry => ({key, at: 1, isBelow: false, said});
const text = (key: string, words = key): ConversationEntry => entry(key, {kind: 'text', text: words});

describe('what a worker remembers of a conversation', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function heardOf(...agents: readonly (readonly ConversationEntry[])[]): SaidByAgents['entries'] {
    const conversations = agents.map((entries) => () => entries);
    const heard = new SaidByAgents(() => conversations.shift());
    vi.advanceTimersByTime(1_000);
    heard.close();
    return heard.entries;
  }

  it('is what each of its agents has said by the end, also after that', () => {
    const entries = [text('one')];
    const heard = new SaidByAgents(() => undefined);
    heard.close();
    expect(heard.entries).toEqual([]);
    const conversation = () => entries;
    const second = new SaidByAgents(() => conversation);
    vi.advanceTimersByTime(1_000);
    second.close();
    entries.push(text('two'));
    expect(second.entries).toEqual([text('one'), text('two')]);
    expect(heardOf([text('first')], [text('its repair')])).toEqual([text('first'), text('its repair')]);
  });

  it('has long results and texts cut', () => {
    const tool = {
      kind: 'tool',
      tool: 'bash',
      about: 'ls',
      status: 'completed',
      output: 'x'.repeat(3_000),
    } as const;
    const [call, long] = heardOf([entry('call', tool), text('long', 'y'.repeat(30_000))]);
    expect(call?.said).toEqual({...tool, output: `${'x'.repeat(2_000)}…`});
    expect(long?.said).toMatchObject({text: `${'y'.repeat(20_000)}…`});
  });

  it('is its end where it is long, which it says', () => {
    const entries = heardOf(Array.from({length: 30}, (_, n) => text(`${n}`, 'z'.repeat(10_000))));
    expect(JSON.stringify(entries).length).toBeLessThan(101_000);
    expect(entries[0]?.said).toMatchObject({
      text: expect.stringMatching(/^\(What was said before this is left out/),
    });
    expect(entries.at(-1)?.key).toBe('29');
    expect(entries).toHaveLength(10);
  });
});
