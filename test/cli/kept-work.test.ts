import {expect, it} from 'vitest';
import {notHome} from '../../src/cli/sources/kept-work.ts';
import {aDelegation, anEnd, aWorktree} from '../support/fakes.ts';

const where = {is: 'pool'} as const;
const NOT_HOME = {is: 'kept', diffstat: '', notes: []} as const;

it('nobody looks here for what an agent does elsewhere', () => {
  const running = aDelegation({where, worktree: aWorktree(), state: {status: 'running', startedAt: 1}});
  expect(notHome(running)).toContain('its branch comes home when it ends');
  const lost = aDelegation({where, worktree: aWorktree({outcome: NOT_HOME}), state: anEnd()});
  expect(notHome(lost)).toContain('has not come home');
});

it('what has come home is looked at as what was made here', () => {
  const outcome = {...NOT_HOME, commit: 'beef'};
  expect(notHome(aDelegation({where, worktree: aWorktree({outcome}), state: anEnd()}))).toBeUndefined();
  expect(
    notHome(aDelegation({worktree: aWorktree(), state: {status: 'running', startedAt: 1}})),
  ).toBeUndefined();
});
