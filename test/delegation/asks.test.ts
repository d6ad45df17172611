import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {Asks} from '../../src/delegation/asks/asks.ts';
import type {Ask, AskContent, AskPolicy, Decision} from '../../src/delegation/model/ask.ts';
import type {AskReply} from '../../src/delegation/model/run.ts';

const START = Date.UTC(2026, 0, 1);
const PERMISSION: AskContent = {kind: 'permission', what: 'permission bash: rm', detail: 'rm'};
const QUESTION: AskContent = {
  kind: 'question',
  what: 'question: Which?',
  questions: [{question: 'Which?', options: ['Red', 'Blue'], isMultiple: false}],
};

let open: readonly Ask[];
let decisions: Decision[];
let delivered: {id: string; reply: AskReply}[];
let failure: Error | undefined;

beforeEach(() => {
  vi.useFakeTimers({now: START});
  open = [];
  decisions = [];
  delivered = [];
  failure = undefined;
});

afterEach(() => {
  vi.useRealTimers();
});

function start(policy: AskPolicy = {on: 'wait', ms: 60_000}, deadline = START + 900_000): Asks {
  return new Asks({
    policy,
    deadline,
    now: Date.now,
    deliver: async (id, reply) => {
      if (failure !== undefined) throw failure;
      delivered.push({id, reply});
    },
    onOpen: (asks) => {
      open = asks;
    },
    onDecision: (decision) => decisions.push(decision),
  });
}

describe('where nobody can be asked', () => {
  it('a request is rejected at once, with a message, and noted', () => {
    start({on: 'reject'}).asked('a', PERMISSION);
    expect(delivered).toEqual([
      {id: 'a', reply: {allow: false, message: expect.stringContaining('nobody is there')}},
    ]);
    expect(decisions).toEqual([{number: 1, what: PERMISSION.what, verdict: 'nobody', at: START}]);
    expect(open).toEqual([]);
  });
});

describe('where requests are waited on', () => {
  it('they are open, oldest first, until they are decided, each for its own time', () => {
    const asks = start();
    asks.asked('a', PERMISSION);
    vi.advanceTimersByTime(10_000);
    asks.asked('b', QUESTION);
    expect(open).toEqual([
      {...PERMISSION, number: 1, askedAt: START, until: START + 60_000},
      {...QUESTION, number: 2, askedAt: START + 10_000, until: START + 70_000},
    ]);
    vi.advanceTimersByTime(50_000);
    expect(open.map(({number}) => number)).toEqual([2]);
    expect(decisions).toMatchObject([{number: 1, verdict: 'timed-out', at: START + 60_000}]);
    expect(delivered).toMatchObject([{id: 'a', reply: {allow: false}}]);
  });

  it('no request waits for longer than its delegation has, and that one’s end decides nothing', () => {
    start({on: 'wait', ms: 60_000}, START + 5_000).asked('a', PERMISSION);
    expect(open).toMatchObject([{until: START + 5_000}]);
    vi.advanceTimersByTime(5_000);
    expect(decisions).toEqual([]);
  });

  it('an answer goes to the oldest, or to the one that is named', async () => {
    const asks = start();
    for (const id of ['a', 'b', 'c']) asks.asked(id, PERMISSION);
    await asks.answer({decision: 'allow', number: 2});
    await asks.answer({decision: 'deny', message: ' No. '});
    await asks.answer({decision: 'deny'});
    expect(delivered).toEqual([
      {id: 'b', reply: {allow: true, answers: []}},
      {id: 'a', reply: {allow: false, message: 'No.'}},
      {id: 'c', reply: {allow: false, message: expect.stringContaining('Go on without it')}},
    ]);
    expect(decisions.map(({number, verdict, message}) => [number, verdict, message])).toEqual([
      [2, 'allowed', undefined],
      [1, 'denied', 'No.'],
      [3, 'denied', undefined],
    ]);
    expect(open).toEqual([]);
  });

  it('an answer that does not fit leaves the question open', async () => {
    const asks = start();
    asks.asked('a', QUESTION);
    await expect(asks.answer({decision: 'allow'})).rejects.toThrow('A question needs an answer');
    expect(open).toHaveLength(1);
    await asks.answer({decision: 'allow', message: 'red'});
    expect(delivered).toEqual([{id: 'a', reply: {allow: true, answers: [['Red']]}}]);
  });

  it('the first decision wins: a second answer, and the end of the time, find nothing to decide', async () => {
    const asks = start();
    asks.asked('a', PERMISSION);
    const first = asks.answer({decision: 'allow', number: 1});
    await expect(asks.answer({decision: 'deny', number: 1})).rejects.toThrow(
      'Request 1 is being answered. None is open.',
    );
    vi.advanceTimersByTime(60_000);
    await first;
    await expect(asks.answer({decision: 'deny', number: 1})).rejects.toThrow('Request 1 is allowed.');
    await expect(asks.answer({decision: 'deny'})).rejects.toThrow('It asks for nothing');
    expect(decisions).toMatchObject([{verdict: 'allowed'}]);
  });

  it('an answer that cannot be delivered is no decision, and is told', async () => {
    const asks = start();
    asks.asked('a', PERMISSION);
    failure = new Error('it is no longer asked');
    await expect(asks.answer({decision: 'allow'})).rejects.toThrow(
      /could not be given: it is no longer asked/,
    );
    expect(decisions).toEqual([]);
    expect(open).toEqual([]);
  });

  it('what the agent no longer waits on is no longer open, and is not decided', () => {
    const asks = start();
    asks.asked('a', PERMISSION);
    asks.withdrawn('b');
    expect(open).toHaveLength(1);
    asks.withdrawn('a');
    expect(open).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(decisions).toEqual([]);
  });

  it('after the end no time runs out any more', () => {
    const asks = start();
    asks.asked('a', PERMISSION);
    asks.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
