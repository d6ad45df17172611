import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {STAMP_KEY} from '../../src/delegation/stamp.ts';
import {Companion} from '../../src/plugin/companion.ts';
import type {Client} from '../../src/plugin/hooks.ts';
import {FakeLog} from '../support/fakes.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'companion-'));
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(root, {recursive: true});
});

const never = () => new Promise<never>(() => {});
/** Takes every question and answers none. */
const SILENT: Client = {
  app: {log: never},
  tui: {showToast: never},
  session: {get: never, messages: never, status: never, prompt: never, promptAsync: never},
};
const CALL = {tool: 'ours_delegate', sessionID: 'ses_1', callID: 'c'};
const CALLER = {session: 'ses_1', pid: process.pid};

async function companion() {
  const log = new FakeLog();
  const env = {OPENCODE_DELEGATE_DATA_DIR: root};
  const main = join(root, 'main.js');
  const hooks = new Companion({client: SILENT, log, env, main, mayAddEntry: false}).hooks();
  await hooks.config({mcp: {ours: {type: 'local', command: ['npx', '-y', 'opencode-delegate']}}});
  return {hooks, log};
}

it('a call is stamped with what events have told of it, and nothing is asked', async () => {
  const {hooks, log} = await companion();
  const happened = (type: string, properties: unknown) => hooks.event({event: {type, properties}});
  await happened('session.created', {info: {id: 'ses_1', parentID: 'ses_0'}});
  const info = {id: 'msg_1', sessionID: 'ses_1', role: 'assistant', agent: 'plan', variant: 'careful'};
  await happened('message.updated', {info: {...info, providerID: 'acme', modelID: 'one'}});
  await happened('message.part.updated', {
    part: {type: 'tool', tool: CALL.tool, callID: 'c', state: {status: 'running'}},
  });
  const args = {};
  await hooks['tool.execute.before'](CALL, {args});
  const voice = {message: 'msg_1', agent: 'plan', model: 'acme/one', variant: 'careful'};
  expect(args).toEqual({[STAMP_KEY]: {...CALLER, isChild: true, ...voice}});
  expect(log.lines).toEqual([]);
  await hooks.dispose();
});

it('a call is stamped with its session also where OpenCode does not say in time where it comes from', async () => {
  const {hooks, log} = await companion();
  const args = {};
  const called = hooks['tool.execute.before'](CALL, {args});
  await vi.advanceTimersByTimeAsync(2_000);
  await called;
  expect(args).toEqual({[STAMP_KEY]: {...CALLER, isChild: false}});
  expect(log.lines).toEqual(['warn tool.execute.before took longer than 2 s and is not waited for']);
  await hooks.dispose();
});
