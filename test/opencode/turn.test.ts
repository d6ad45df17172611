import {expect, it} from 'vitest';
import type {TranscriptMessage} from '../../src/opencode/transcript/transcript.ts';
import {
  heardIn,
  isLater,
  isRepairedIn,
  messagePart,
  promptPart,
  repairPart,
  sinceToldIn,
  turnOf,
} from '../../src/opencode/transcript/turn.ts';

let count = 0;

/** A user message; of a delegation, its prompt. */
function user(delegationId?: string): TranscriptMessage {
  count += 1;
  const id = `msg_${count}`;
  const part =
    delegationId === undefined ? {type: 'text' as const, text: 'go on'} : promptPart(delegationId, 'do');
  return {
    info: {
      ...{id, sessionID: 'ses_1', role: 'user' as const, agent: 'build', time: {created: count}},
      model: {providerID: 'p', modelID: 'm'},
    },
    parts: [{...part, id: `prt_${count}`, sessionID: 'ses_1', messageID: id}],
  };
}

const A1 = user('first');
const A2 = user();
const B1 = user('second');
const B2 = user();

it('a turn goes from its prompt to the next delegation’s, with what a compaction or a person puts between', () => {
  const all = [A1, A2, B1, B2];
  expect(turnOf(all, {delegationId: 'first', isContinued: false})).toEqual([A1, A2]);
  expect(turnOf(all, {delegationId: 'second', isContinued: true})).toEqual([B1, B2]);
});

it('a turn goes on where OpenCode sends its prompt once more after a compaction', () => {
  const [again, answer] = [user('first'), user()];
  const all = [A1, A2, again, answer, B1, B2];
  expect(turnOf(all, {delegationId: 'first', isContinued: false})).toEqual([A1, A2, again, answer]);
});

it('what was never sent in a continued session has no turn: nothing there is its own', () => {
  expect(turnOf([A1, A2], {delegationId: 'second', isContinued: true})).toEqual([]);
});

it('a session without marks, as earlier versions left them, is all its delegation’s own', () => {
  expect(turnOf([A2, B2], {delegationId: 'first', isContinued: false})).toEqual([A2, B2]);
});

/** A message to a delegation. */
function told(delegationId: string, number: number): TranscriptMessage {
  const {info, parts} = user();
  return {
    info,
    parts: parts.map((part) => ({...part, ...messagePart(delegationId, {number, text: 'change'})})) as never,
  };
}

/** A step of the agent; without parts, its model was not asked yet. */
function step(...parts: readonly object[]): TranscriptMessage {
  const {info} = user();
  return {info: {...info, role: 'assistant'} as never, parts: parts as never};
}

const WROTE = {type: 'text', text: 'words'};

it('a message belongs to the turn of its delegation, and is no prompt', () => {
  const message = told('first', 1);
  expect(turnOf([A1, A2, message, B1], {delegationId: 'first', isContinued: false})).toEqual([
    A1,
    A2,
    message,
  ]);
  expect([A1, A2, message].map(isLater)).toEqual([false, false, true]);
});

it('an agent was given a message when its model began to answer after that, and its answer counts from there', () => {
  const [first, second] = [told('first', 1), told('first', 2)];
  const [before, after] = [step(WROTE), step(WROTE)];
  expect(heardIn([A1, before, first])).toEqual([]);
  expect(heardIn([A1, before, first, step()])).toEqual([]);
  expect(heardIn([A1, before, first, after, second])).toEqual([1]);
  expect(sinceToldIn([A1, before, first, after, second])).toEqual([first, after, second]);
  expect(sinceToldIn([A1, before, first])).toEqual([A1, before, first]);
});

it('a message that went with the prompt takes nothing from the answer', () => {
  const prompt = {...A1, parts: [...A1.parts, ...told('first', 1).parts]};
  const turn = [prompt, step(WROTE)];
  expect(isLater(prompt)).toBe(false);
  expect(heardIn(turn)).toEqual([1]);
  expect(sinceToldIn(turn)).toEqual(turn);
});

it('an answer was asked for again once the model was, also where its provider refused that, not where it was cut off', () => {
  const {info, parts} = user();
  const repair = {info, parts: parts.map((part) => ({...part, ...repairPart('first', 'again')})) as never};
  const failed = (name: 'APIError' | 'MessageAbortedError') =>
    ({info: {...info, role: 'assistant', error: {name, data: {message: 'no'}}}, parts: []}) as never;
  expect(isRepairedIn([A1, repair])).toBe(false);
  expect(isRepairedIn([A1, repair, failed('MessageAbortedError')])).toBe(false);
  expect(isRepairedIn([A1, failed('APIError'), repair])).toBe(false);
  expect(isRepairedIn([A1, repair, failed('APIError')])).toBe(true);
});
