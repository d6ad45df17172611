import {expect, it} from 'vitest';
import {stampOf} from '../../src/mcp/stamp.ts';
import {FakeLog} from '../support/fakes.ts';

const CALLER = {session: 'ses_1', pid: 42, isChild: false};

it('a call without a stamp, as of every other client, has no caller', () => {
  const log = new FakeLog();
  expect(stampOf({prompt: 'Do it.'}, log)).toBeUndefined();
  expect(log.lines).toEqual([]);
});

it('a stamp says who calls, and nothing of what the plugin does not know', () => {
  const log = new FakeLog();
  const full = {...CALLER, message: 'msg_1', agent: 'plan', model: 'a/b/c', variant: 'high'};
  expect(stampOf({_opencode: full}, log)).toEqual(full);
  expect(stampOf({_opencode: {session: 'ses_1', pid: 42}}, log)).toEqual(CALLER);
  expect(stampOf({_opencode: {...CALLER, isChild: true, more: 1}}, log)).toEqual({...CALLER, isChild: true});
});

it.each([
  ['no object', 'ses_1'],
  ['no session', {pid: 42}],
  ['a session that would leave its folder', {...CALLER, session: '../../ses_1'}],
  ['no process', {...CALLER, pid: 0}],
  ['a model without provider', {...CALLER, model: 'model'}],
])('a stamp with %s is as none, and the log says why', (_, stamp) => {
  const log = new FakeLog();
  expect(stampOf({_opencode: stamp}, log)).toBeUndefined();
  expect(log.lines).toEqual([expect.stringMatching(/^warn the caller's stamp is ignored: /)]);
});
