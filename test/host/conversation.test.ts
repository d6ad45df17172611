import {describe, expect, it} from 'vitest';
import {Conversation} from '../../src/host/conversation.ts';

function line(message: Record<string, unknown>): Buffer {
  return Buffer.from(`${JSON.stringify({jsonrpc: '2.0', ...message})}\n`);
}

const INITIALIZE = line({id: 0, method: 'initialize', params: {}});
const INITIALIZED = line({method: 'notifications/initialized'});

function opened(): Conversation {
  const conversation = new Conversation();
  conversation.fromClient(INITIALIZE);
  conversation.fromHost(line({id: 0, result: {}}));
  conversation.fromClient(INITIALIZED);
  return conversation;
}

describe('when the host is lost', () => {
  it('the requests without an answer have failed, each once', () => {
    const conversation = opened();
    for (const id of [1, '1', 2]) conversation.fromClient(line({id, method: 'tools/call'}));
    conversation.fromHost(line({id: 2, result: {}}));
    expect(conversation.lost()).toEqual([1, '1']);
    expect(conversation.lost()).toEqual([]);
  });

  it('the opening exchange is replayed, and its answer kept from the client', () => {
    const conversation = opened();
    conversation.lost();
    expect(conversation.reopen()).toEqual({
      initialize: INITIALIZE,
      initialized: INITIALIZED,
      unanswered: [],
    });
    expect(conversation.isReopening).toBe(true);
    expect(conversation.fromHost(line({method: 'notifications/message'}))).toBe(true);
    expect(conversation.fromHost(line({id: 0, result: {}}))).toBe(false);
    expect(conversation.isReopening).toBe(false);
    expect(conversation.fromHost(line({id: 0, result: {}}))).toBe(true);
  });

  it.each(['initialize', 'server/discover'])('an unanswered %s is sent again and not failed', (method) => {
    const conversation = new Conversation();
    const request = line({id: 7, method});
    conversation.fromClient(request);
    expect(conversation.isOpening).toBe(true);
    expect(conversation.lost()).toEqual([]);
    expect(conversation.reopen()).toEqual({
      initialize: undefined,
      initialized: undefined,
      unanswered: [request],
    });
    expect(conversation.fromHost(line({id: 7, result: {}}))).toBe(true);
    expect(conversation.isOpening).toBe(false);
  });

  it('a client without an opening exchange has none replayed', () => {
    const conversation = new Conversation();
    conversation.fromClient(line({id: 1, method: 'tools/list'}));
    conversation.fromHost(line({id: 1, result: {}}));
    conversation.lost();
    expect(conversation.reopen()).toEqual({initialize: undefined, initialized: undefined, unanswered: []});
    expect(conversation.isReopening).toBe(false);
  });

  it('answers to its requests are dropped, also when the next one uses the same ids', () => {
    const conversation = opened();
    const ask = line({id: 0, method: 'roots/list'});
    const answer = line({id: 0, result: {roots: []}});
    conversation.fromHost(ask);
    conversation.lost();
    conversation.fromHost(ask);
    expect(conversation.fromClient(answer)).toBe(false);
    expect(conversation.fromClient(answer)).toBe(true);
    expect(conversation.fromClient(answer)).toBe(false);
  });
});

describe('when no host can be had', () => {
  it('everything without an answer is given up, and a later opening starts anew', () => {
    const conversation = new Conversation();
    conversation.fromClient(INITIALIZE);
    expect(conversation.abandon()).toEqual([0]);
    expect(conversation.reopen()).toEqual({initialize: undefined, initialized: undefined, unanswered: []});
  });
});

it('what is no message passes, for the server to judge', () => {
  const conversation = new Conversation();
  for (const text of ['garbage\n', '[]\n', '{"id":1}\n', 'null\n']) {
    expect(conversation.fromClient(Buffer.from(text))).toBe(true);
    expect(conversation.fromHost(Buffer.from(text))).toBe(true);
  }
  expect(conversation.lost()).toEqual([]);
});
