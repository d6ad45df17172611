import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {STAMP_KEY, unseal} from '../../src/contract/stamp.ts';
import {STAMP_SECRET} from '../../src/contract/stamp-secret.ts';
import {Companion} from '../../src/plugin/companion.ts';
import type {PluginClient, PluginConfiguration} from '../../src/plugin/opencode/hooks.ts';
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
const SILENT: PluginClient = {
  app: {log: never},
  tui: {showToast: never},
  session: {get: never, messages: never, status: never, prompt: never, promptAsync: never},
};
const CALL = {tool: 'ours_delegate', sessionID: 'ses_1', callID: 'c'};
const CALLER = {session: 'ses_1', pid: process.pid};

async function companion() {
  const log = new FakeLog();
  const env = {OPENCODE_DELEGATE_DATA_DIR: root};
  const main = join(root, 'main.cjs');
  const options = {client: SILENT, directory: '/shop', log, env, main, mayAddEntry: false};
  const hooks = new Companion(options).hooks();
  const config: PluginConfiguration = {
    mcp: {ours: {type: 'local', command: ['npx', '-y', 'opencode-delegate']}},
  };
  await hooks.config(config);
  return {hooks, log, secret: secretIn(config)};
}

/** What the server that OpenCode starts is given. */
function secretIn({mcp}: PluginConfiguration): string {
  return String(Object(mcp?.ours).environment[STAMP_SECRET]);
}

/** What the server takes a stamp for. */
const opened = (args: object, secret: string) => unseal(Object(args)[STAMP_KEY], secret);

it('a call is stamped with what events have told of it, and nothing is asked', async () => {
  const {hooks, log, secret} = await companion();
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
  const stamp = {...CALLER, isChild: true, ...voice};
  expect(opened(args, secret)).toEqual({stamp, nonce: expect.any(String), directory: '/shop'});
  expect(log.lines).toEqual([]);
  await hooks.dispose();
});

it('a call is stamped with its session also where OpenCode does not say in time where it comes from', async () => {
  const {hooks, log, secret} = await companion();
  const args = {};
  const called = hooks['tool.execute.before'](CALL, {args});
  await vi.advanceTimersByTimeAsync(2_000);
  await called;
  const stamp = {...CALLER, isChild: false};
  expect(opened(args, secret)).toEqual({stamp, nonce: expect.any(String), directory: '/shop'});
  expect(log.lines).toEqual(['warn tool.execute.before took longer than 2 s and is not waited for']);
  await hooks.dispose();
});

it('a stamp that the model has written into its call gives way to the true one', async () => {
  const {hooks, secret} = await companion();
  const args = {[STAMP_KEY]: {session: 'ses_2', pid: 1, isChild: false}};
  const called = hooks['tool.execute.before']({...CALL, tool: 'ours_delegation_list'}, {args});
  await vi.advanceTimersByTimeAsync(2_000);
  await called;
  expect(opened(args, secret)).toMatchObject({stamp: CALLER});
  await hooks.dispose();
});

it('each instance has a secret of its own, and none is in what the model sees', async () => {
  const [one, other] = [await companion(), await companion()];
  expect(one.secret).toMatch(/^[0-9a-f]{64}$/);
  expect(one.secret).not.toBe(other.secret);
  const args = {};
  const called = one.hooks['tool.execute.before'](CALL, {args});
  await vi.advanceTimersByTimeAsync(2_000);
  await called;
  expect(JSON.stringify(args)).not.toContain(one.secret);
  for (const {hooks} of [one, other]) await hooks.dispose();
});
