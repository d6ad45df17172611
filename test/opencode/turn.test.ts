import {expect, it} from 'vitest';
import type {TranscriptMessage} from '../../src/opencode/transcript/transcript.ts';
import {promptPart, turnOf} from '../../src/opencode/transcript/turn.ts';

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
