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

it('a call is stamped with its session also where OpenCode does not say in time where it comes from', async () => {
  const never = () => new Promise<never>(() => {});
  const client: Client = {
    app: {log: never},
    tui: {showToast: never},
    session: {get: never, messages: never, status: never, prompt: never, promptAsync: never},
  };
  const log = new FakeLog();
  const env = {OPENCODE_DELEGATE_DATA_DIR: root};
  const hooks = new Companion({client, log, env, main: join(root, 'main.js'), mayAddEntry: false}).hooks();
  await hooks.config({mcp: {ours: {type: 'local', command: ['npx', '-y', 'opencode-delegate']}}});

  const args: Record<string, unknown> = {prompt: 'p'};
  const called = hooks['tool.execute.before'](
    {tool: 'ours_delegate', sessionID: 'ses_1', callID: 'c'},
    {args},
  );
  await vi.advanceTimersByTimeAsync(2_000);
  await called;
  expect(args).toEqual({prompt: 'p', [STAMP_KEY]: {session: 'ses_1', pid: process.pid, isChild: false}});
  expect(log.lines).toEqual(['warn tool.execute.before took longer than 2 s and is not waited for']);
  await hooks.dispose();
});
