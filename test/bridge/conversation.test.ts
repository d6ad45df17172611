import {describe, expect, it} from 'vitest';
import {ENDING_CODE} from '../../src/base/ending-code.ts';
import {Conversation} from '../../src/bridge/conversation.ts';

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
      afterwards: [INITIALIZED],
      unanswered: [],
    });
    expect(conversation.isReopening).toBe(true);
    const notice = line({method: 'notifications/message'});
    expect(conversation.fromHost(notice)).toBe(notice);
    expect(conversation.fromHost(line({id: 0, result: {}}))).toBeUndefined();
    expect(conversation.isReopening).toBe(false);
    const later = line({id: 0, result: {}});
    expect(conversation.fromHost(later)).toBe(later);
  });

  it.each(['initialize', 'server/discover'])('an unanswered %s is sent again and not failed', (method) => {
    const conversation = new Conversation();
    const request = line({id: 7, method});
    conversation.fromClient(request);
    expect(conversation.needsHost).toBe(true);
    expect(conversation.lost()).toEqual([]);
    expect(conversation.reopen()).toEqual({
      initialize: undefined,
      afterwards: [],
      unanswered: [request],
    });
    const answer = line({id: 7, result: {}});
    expect(conversation.fromHost(answer)).toBe(answer);
    expect(conversation.needsHost).toBe(false);
  });

  it('a call that the host sent back is kept from failing, and sent to the next one after the opening', () => {
    const conversation = opened();
    const call = line({id: 3, method: 'tools/call'});
    conversation.fromClient(call);
    expect(
      conversation.fromHost(line({id: 3, error: {code: ENDING_CODE, message: 'ending'}})),
    ).toBeUndefined();
    expect(conversation.needsHost).toBe(true);
    expect(conversation.lost()).toEqual([]);
    expect(conversation.reopen()).toMatchObject({afterwards: [INITIALIZED, call], unanswered: []});
  });

  it('a call that was sent back fails when the next host goes that had got it', () => {
    const conversation = opened();
    conversation.fromClient(line({id: 3, method: 'tools/call'}));
    const end = () => conversation.fromHost(line({id: 3, error: {code: ENDING_CODE, message: 'ending'}}));
    end();
    conversation.lost();
    conversation.reopen();
    // This one goes before the call has reached it.
    expect(conversation.lost()).toEqual([]);
    conversation.reopen();
    conversation.fromHost(line({id: 0, result: {}}));
    end();
    // This one has sent it back as well.
    expect(conversation.lost()).toEqual([]);
    conversation.reopen();
    conversation.fromHost(line({id: 0, result: {}}));
    expect(conversation.needsHost).toBe(false);
    expect(conversation.lost()).toEqual([3]);
  });

  it('a call that was sent back to a client without an opening exchange fails likewise', () => {
    const conversation = new Conversation();
    conversation.fromClient(line({id: 3, method: 'tools/call'}));
    conversation.fromHost(line({id: 3, error: {code: ENDING_CODE, message: 'ending'}}));
    expect(conversation.lost()).toEqual([]);
    conversation.reopen();
    expect(conversation.lost()).toEqual([3]);
  });

  it('a cancelled call is not waited for, and a late answer to it is kept from the client', () => {
    const conversation = opened();
    for (const id of [4, 5]) {
      conversation.fromClient(line({id, method: 'tools/call'}));
      conversation.fromClient(line({method: 'notifications/cancelled', params: {requestId: id}}));
    }
    expect(conversation.fromHost(line({id: 4, result: {}}))).toBeUndefined();
    expect(conversation.lost()).toEqual([]);
    conversation.fromClient(line({id: 5, method: 'tools/call'}));
    const answer = line({id: 5, result: {}});
    expect(conversation.fromHost(answer)).toBe(answer);
  });

  it('a client without an opening exchange has none replayed', () => {
    const conversation = new Conversation();
    conversation.fromClient(line({id: 1, method: 'tools/list'}));
    conversation.fromHost(line({id: 1, result: {}}));
    conversation.lost();
    expect(conversation.reopen()).toEqual({initialize: undefined, afterwards: [], unanswered: []});
    expect(conversation.isReopening).toBe(false);
  });

  it('subscriptions are replayed, and the client is told to look at each again', () => {
    const conversation = opened();
    const subscribe = (id: number, uri: string) => line({id, method: 'resources/subscribe', params: {uri}});
    const agreed = (id: number) => conversation.fromHost(line({id, result: {}}));
    for (const id of [1, 2, 3, 4]) conversation.fromClient(subscribe(id, `delegation://${id}`));
    for (const id of [1, 2]) agreed(id);
    conversation.fromHost(line({id: 3, error: {code: -32_602, message: 'no such resource'}}));
    conversation.fromClient(line({id: 5, method: 'resources/unsubscribe', params: {uri: 'delegation://2'}}));
    agreed(5);
    expect(conversation.lost()).toEqual([4]);

    expect(conversation.reopen().afterwards).toEqual([INITIALIZED, subscribe(1, 'delegation://1')]);
    agreed(0);
    expect(agreed(1)).toMatch('"method":"notifications/resources/updated","params":{"uri":"delegation://1"}');

    conversation.lost();
    expect(conversation.reopen().afterwards).toHaveLength(2);
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

it('what the client waits for is what has no answer yet, and is no subscription', () => {
  const conversation = opened();
  conversation.fromClient(line({id: 1, method: 'subscriptions/listen'}));
  for (const id of [2, 3, 4]) conversation.fromClient(line({id, method: 'tools/call'}));
  conversation.fromClient(line({method: 'notifications/cancelled', params: {requestId: 3}}));
  conversation.fromHost(line({id: 2, result: {}}));
  expect(conversation.owed).toEqual([4]);
});

describe('when no host can be had', () => {
  it('everything without an answer is given up, and a later opening starts again', () => {
    const conversation = new Conversation();
    conversation.fromClient(INITIALIZE);
    expect(conversation.abandon()).toEqual([0]);
    expect(conversation.reopen()).toEqual({initialize: undefined, afterwards: [], unanswered: []});
  });
});

it('what is no message passes, for the server to judge', () => {
  const conversation = new Conversation();
  for (const text of ['garbage\n', '[]\n', '{"id":1}\n', 'null\n']) {
    expect(conversation.fromClient(Buffer.from(text))).toBe(true);
    const said = Buffer.from(text);
    expect(conversation.fromHost(said)).toBe(said);
  }
  expect(conversation.lost()).toEqual([]);
});
