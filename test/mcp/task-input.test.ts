import {InputRequestsV2Schema} from '@modelcontextprotocol/ext-tasks/core/v2';
import {expect, it, test} from 'vitest';
import type {Ask} from '../../src/delegation/model/ask.ts';
import {inputRequests, repliesIn} from '../../src/mcp/tasks/input.ts';
import {inputRequiredTask} from '../../src/mcp/tasks/task.ts';
import {aDelegation} from '../support/fakes.ts';

const UNTIL = Date.UTC(2026, 0, 2, 3, 7);
const PERMISSION: Ask = {
  ...{kind: 'permission', number: 1, askedAt: UNTIL - 120_000, until: UNTIL},
  ...{what: 'permission edit: a.txt', detail: '-old\n+new'},
};
const QUESTION: Ask = {
  ...{kind: 'question', number: 2, until: UNTIL, what: 'question: Which? / Why?'},
  questions: [
    {question: 'Which?', options: ['Red', 'Blue'], isMultiple: false},
    {question: 'Why?', options: [], isMultiple: false},
  ],
};
const BLOCKED = aDelegation({state: {status: 'running', startedAt: 1, asks: [PERMISSION, QUESTION]}});

it('a blocked delegation is a task that requires input, by forms as the extension has them', () => {
  const task = inputRequiredTask({delegation: BLOCKED}, UNTIL - 60_000);
  expect(task).toMatchObject({
    status: 'input_required',
    statusMessage: expect.stringContaining(
      'blocked, waits 1 m more for an answer to permission edit: a.txt and 1 more',
    ),
  });
  expect(InputRequestsV2Schema.parse(task.inputRequests)).toEqual(task.inputRequests);
  expect(task.inputRequests['request-1']?.params.message).toBe(
    'The background agent of swift-amber-otter asks for permission edit: a.txt\n    -old\n    +new\nWithout an answer within 2 minutes it is refused.',
  );
  expect(task.inputRequests['request-2']?.params.requestedSchema).toMatchObject({
    properties: {answer_1: {title: 'Which?', description: 'Red, Blue'}, answer_2: {title: 'Why?'}},
    required: ['answer_1', 'answer_2'],
  });
});

test.each([
  [120_000, 'within 2 minutes'],
  [60_400, 'within 1 minute'],
  [90_000, 'within 90 seconds'],
  [1_500, 'within 1 second'],
  [754_000, 'within 12 minutes'],
])('a request that waits %i ms is to be answered %s', (ms, words) => {
  const ask = {...PERMISSION, askedAt: UNTIL - ms};
  const [form] = Object.values(
    inputRequests({...BLOCKED, state: {status: 'running', startedAt: 1, asks: [ask]}}),
  );
  expect(form?.params.message).toContain(`\nWithout an answer ${words} it is refused.`);
});

it('a request of an old record says no time that nobody knows', () => {
  expect(inputRequests(BLOCKED)['request-2']?.params.message).toMatch(
    /\nWithout an answer in time it is refused\.$/,
  );
});

it('a request is the same however often it is asked for', () => {
  expect(inputRequests(BLOCKED)).toEqual(inputRequests({...BLOCKED}));
});

test.each([
  ['allowed', {'request-1': accept({decision: 'allow'})}, [{number: 1, decision: 'allow'}]],
  [
    'denied with a message',
    {'request-1': accept({decision: 'deny', message: 'No.'})},
    [{number: 1, decision: 'deny', message: 'No.'}],
  ],
  ['declined', {'request-1': {action: 'decline'}}, [{number: 1, decision: 'deny'}]],
  ['closed', {'request-1': {action: 'cancel'}}, []],
  [
    'answered, a line for each question',
    {'request-2': accept({answer_1: 'Blue', answer_2: 'because\nI say so'})},
    [{number: 2, decision: 'allow', message: 'Blue\nbecause I say so'}],
  ],
  ['of which nothing is known', {'request-9': accept({decision: 'allow'}), other: 1}, []],
])('a request can be %s', (_, responses, replies) => {
  expect(repliesIn(responses, BLOCKED)).toEqual(replies);
});

test.each([
  ['no decision', {'request-1': accept({})}],
  ['another decision', {'request-1': accept({decision: 'always'})}],
  ['no answer', {'request-2': accept({answer_1: 'Blue'})}],
  ['no action', {'request-1': {}}],
])('a response with %s is refused by name', (_, responses) => {
  expect(() => repliesIn(responses, BLOCKED)).toThrow(/^inputResponses\.request-\d does not fit: /);
});

function accept(content: Record<string, unknown>) {
  return {action: 'accept', content};
}
