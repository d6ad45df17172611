import type {Ask} from '../../src/delegation/model/ask.ts';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {aDelegation, anEnd, aWorktree} from './fakes.ts';

export const NOW = Date.UTC(2026, 0, 2, 3, 6, 30);
export const ID = 'swift-amber-otter';
export const MINUTE_MS = 60_000;

export const PERMISSION: Ask = {
  ...{kind: 'permission', number: 1, what: 'bash: rm -r build', detail: 'rm -r build\nrm -r dist'},
  until: NOW + 4 * MINUTE_MS,
};
export const QUESTION: Ask = {
  ...{kind: 'question', number: 2, what: 'question: Which colour?', until: NOW + 5 * MINUTE_MS},
  questions: [{question: 'Which colour?', options: ['red', 'green'], isMultiple: false}],
};
export const NOTE = 'Not taken along: what is not committed in your checkout (1 file or folder).';
export const KEPT = aWorktree({
  outcome: {is: 'kept', commit: 'c0ffee0123456789', diffstat: '1 file changed, 2 insertions(+)', notes: []},
});

export const queued = (given: Partial<Delegation> = {}) => aDelegation({state: {status: 'queued'}, ...given});
export const running = (asks?: readonly Ask[], given: Partial<Delegation> = {}) =>
  aDelegation({
    state: {status: 'running', startedAt: NOW - 75_000, sessionId: 'ses_1', ...(asks && {asks})},
    ...given,
  });
export const ended = (given: Partial<Delegation> = {}) =>
  aDelegation({state: anEnd(), text: 'The answer.', summary: 'The answer.', ...given});
