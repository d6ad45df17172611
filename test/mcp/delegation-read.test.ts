import {describe, expect, it} from 'vitest';
import {type Delegation, NO_STATS} from '../../src/delegation/model/delegation.ts';
import type {WaitOptions} from '../../src/delegation/read/waits.ts';
import type {ToolContext} from '../../src/mcp/calls/tool.ts';
import {delegationRead} from '../../src/mcp/tools/delegation-read.ts';
import {toolContext} from '../support/tool-context.ts';

const DELEGATION: Delegation = {
  id: 'swift-amber-otter',
  project: 'project',
  access: 'agent',
  directory: '/work/shop',
  agent: 'build',
  model: 'p/m',
  client: {name: 'client', version: '1'},
  owner: {pid: 1, hostname: 'h', environment: ''},
  timeoutMs: 900_000,
  createdAt: 0,
  title: 'Title',
  summary: 'Summary',
  state: {status: 'completed', startedAt: 0, endedAt: 1_000, work: NO_STATS},
  prompt: 'Prompt',
  text: 'The whole answer',
};

interface Seen {
  waits: WaitOptions[];
  read: string[];
}

function context(client: {extendsOnProgress: boolean; hasToken: boolean}): ToolContext & {seen: Seen} {
  const seen: Seen = {waits: [], read: []};
  const called = toolContext({
    wait: async (options) => {
      seen.waits.push(options);
      return {delegation: DELEGATION};
    },
    markRead: async (delegation) => {
      seen.read.push(delegation.id);
      return delegation;
    },
  });
  return {
    ...called,
    seen,
    client: {...called.client, extendsOnProgress: client.extendsOnProgress},
    ...(client.hasToken && {progress: () => {}}),
  };
}

describe('delegation_read', () => {
  it.each([
    ['to the end for a client that extends a call on progress', true, true, 86_400],
    ['45 s for one that does not', false, true, 45],
    ['45 s when the call cannot report progress', true, false, 45],
  ])('waits %s', async (_, extendsOnProgress, hasToken, seconds) => {
    const called = context({extendsOnProgress, hasToken});
    await delegationRead.call({id: 'swift-amber-otter'}, called);
    expect(called.seen.waits[0]?.ms).toBe(seconds * 1_000);
  });

  it('waits as long as it is asked to, and not at all for 0', async () => {
    const called = context({extendsOnProgress: true, hasToken: true});
    await delegationRead.call({id: 'swift-amber-otter', wait_seconds: 0}, called);
    await delegationRead.call({id: 'swift-amber-otter', wait_seconds: 300}, called);
    expect(called.seen.waits.map(({ms}) => ms)).toEqual([0, 300_000]);
  });

  it('marks a delegation read with its last page and not before', async () => {
    const called = context({extendsOnProgress: false, hasToken: false});
    await delegationRead.call({id: 'swift-amber-otter', max_chars: 10}, called);
    expect(called.seen.read).toEqual([]);
    await delegationRead.call({id: 'swift-amber-otter', offset: 10}, called);
    expect(called.seen.read).toEqual(['swift-amber-otter']);
  });

  it.each([
    [{offset: 5}, /^delegation_read: an offset belongs to an id\.$/],
    [{id: ['a-b-c']}, /^delegation_read: id: /],
    [{id: 'a-b-c', wait_seconds: -1}, /wait_seconds: /],
    [{id: 'a-b-c', offset: -2}, /offset: /],
    [{id: 'a-b-c', max_chars: 0}, /max_chars: /],
  ])('refuses %j, naming what does not fit', async (input, message) => {
    await expect(
      delegationRead.call(input, context({extendsOnProgress: false, hasToken: false})),
    ).rejects.toThrow(message);
  });
});
