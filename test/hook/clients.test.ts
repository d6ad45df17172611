import {describe, expect, it} from 'vitest';
import type {HookCall, HookEvent, Input} from '../../src/hook/clients/protocol.ts';
import {PROTOCOLS, recognise} from '../../src/hook/recognise.ts';

const NONE = {client: undefined, event: undefined};
const SESSION = '3a05d321-3230-4d8c-b4ac-f40608f0d0b3';

/** As Claude Code 2.1.332 sends it. */
const claude = (name: string, more: Input = {}): Input => ({
  session_id: SESSION,
  transcript_path: `/home/ada/.claude/projects/-home-ada-shop/${SESSION}.jsonl`,
  cwd: '/home/ada/shop',
  hook_event_name: name,
  ...more,
});

/** As Codex 0.171 sends it. */
const codex = (name: string, more: Input = {}): Input => ({
  session_id: SESSION,
  transcript_path: `/home/ada/.codex/sessions/2026/11/30/rollout-2026-11-30T11-19-33-${SESSION}.jsonl`,
  cwd: '/home/ada/shop',
  hook_event_name: name,
  model: 'gpt-6',
  permission_mode: 'default',
  ...more,
});

/** As Gemini CLI 0.61 sends it. */
const gemini = (name: string, more: Input = {}): Input => ({
  session_id: SESSION,
  transcript_path: '/home/ada/.gemini/tmp/shop/chats/session-2026-11-30T11-19-7525d6e9.jsonl',
  cwd: '/home/ada/shop',
  hook_event_name: name,
  timestamp: '2026-11-30T11:19:59.763Z',
  ...more,
});

/** As Cursor's documents have it. */
const cursor = (name: string, more: Input = {}): Input => ({
  conversation_id: SESSION,
  generation_id: 'e1',
  model: 'auto',
  hook_event_name: name,
  cursor_version: '3.20.17',
  workspace_roots: ['/home/ada/shop'],
  ...more,
});

/** As the documents of VS Code have it. */
const vscode = (name: string, more: Input = {}): Input => ({
  timestamp: '2026-02-09T10:30:00.000Z',
  cwd: '/home/ada/shop',
  sessionId: SESSION,
  hookEventName: name,
  transcript_path: '/tmp/transcript.json',
  ...more,
});

const inputs: readonly [client: string, event: HookEvent, input: Input][] = [
  ['claude-code', 'session-start', claude('SessionStart', {source: 'startup'})],
  ['claude-code', 'prompt', claude('UserPromptSubmit', {prompt: 'hello', permission_mode: 'default'})],
  ['claude-code', 'stop', claude('Stop', {stop_hook_active: false, last_assistant_message: 'done'})],
  ['claude-code', 'pre-compact', claude('PreCompact', {trigger: 'auto', custom_instructions: null})],
  ['codex', 'session-start', codex('SessionStart', {source: 'startup'})],
  ['codex', 'prompt', codex('UserPromptSubmit', {turn_id: 't1', prompt: 'hello'})],
  ['codex', 'stop', codex('Stop', {turn_id: 't1', transcript_path: null, stop_hook_active: false})],
  ['codex', 'pre-compact', codex('PreCompact', {turn_id: 't1', trigger: 'auto'})],
  ['gemini', 'session-start', gemini('SessionStart', {source: 'startup'})],
  ['gemini', 'prompt', gemini('BeforeAgent', {prompt: 'hello'})],
  ['gemini', 'stop', gemini('AfterAgent', {prompt_response: 'done', stop_hook_active: false})],
  ['gemini', 'pre-compact', gemini('PreCompress', {trigger: 'auto'})],
  ['cursor', 'session-start', cursor('sessionStart', {is_background_agent: false})],
  ['cursor', 'prompt', cursor('beforeSubmitPrompt', {prompt: 'hello'})],
  ['cursor', 'stop', cursor('stop', {status: 'completed', loop_count: 0})],
  ['cursor', 'pre-compact', cursor('preCompact', {trigger: 'auto'})],
  ['vscode', 'session-start', vscode('SessionStart', {source: 'new'})],
  ['vscode', 'prompt', vscode('UserPromptSubmit', {prompt: 'hello'})],
  ['vscode', 'stop', vscode('Stop', {stop_hook_active: false})],
  ['vscode', 'pre-compact', vscode('PreCompact', {trigger: 'auto'})],
];

describe('what a hook is called for', () => {
  it.each(inputs)('%s, %s is seen from the input alone', (client, event, input) => {
    const recognised = recognise(input, NONE);
    expect(recognised?.protocol.name).toBe(client);
    expect(recognised?.call).toMatchObject({
      event,
      session: SESSION,
      directory: '/home/ada/shop',
      mayGoOn: expect.any(Boolean),
    });
  });

  it('is believed more than the command line: VS Code runs what was written down for Claude Code', () => {
    const found = recognise(vscode('Stop'), {client: 'claude-code', event: 'prompt'});
    expect(found).toMatchObject({protocol: {name: 'vscode'}, call: {event: 'stop'}});
  });

  it('is what the command line says where the input leaves it open', () => {
    const input = {session_id: SESSION, cwd: '/home/ada/shop'};
    const found = recognise(input, {client: 'codex', event: 'prompt'});
    expect(found).toMatchObject({protocol: {name: 'codex'}, call: {event: 'prompt', session: SESSION}});
  });

  it('is nothing of ours at other events', () => {
    expect(recognise(claude('PreToolUse'), {client: 'claude-code', event: 'prompt'})).toBeUndefined();
    expect(recognise({}, NONE)).toBeUndefined();
  });

  it('is nothing in an agent that the model has started', () => {
    expect(recognise(codex('Stop', {turn_id: 't1', agent_id: 'a1'}), NONE)).toBeUndefined();
  });

  it.each<[string, Input]>([
    ['Claude Code', claude('Stop', {stop_hook_active: true})],
    ['Codex', codex('Stop', {turn_id: 't1', stop_hook_active: true})],
    ['Gemini CLI', gemini('AfterAgent', {stop_hook_active: true})],
    ['VS Code', vscode('Stop', {stop_hook_active: true})],
    ['Cursor, after a message of its own', cursor('stop', {status: 'completed', loop_count: 1})],
    ['Cursor, where the person has stopped it', cursor('stop', {status: 'aborted', loop_count: 0})],
  ])('lets the model stop: %s', (_, input) => {
    expect(recognise(input, NONE)?.call.mayGoOn).toBe(false);
  });

  it('says whether a summary has taken the place of the conversation', () => {
    expect(recognise(claude('SessionStart', {source: 'compact'}), NONE)?.call.isCompacted).toBe(true);
    expect(recognise(claude('SessionStart', {source: 'resume'}), NONE)?.call.isCompacted).toBe(false);
  });
});

describe('what a hook prints', () => {
  const context = (name: string) => ({hookSpecificOutput: {hookEventName: name, additionalContext: 'News.'}});
  it.each<[client: string, event: HookEvent, output: unknown]>([
    ['claude-code', 'session-start', context('SessionStart')],
    ['claude-code', 'prompt', context('UserPromptSubmit')],
    ['claude-code', 'stop', {decision: 'block', reason: 'News.'}],
    ['codex', 'session-start', context('SessionStart')],
    ['codex', 'prompt', context('UserPromptSubmit')],
    ['codex', 'stop', {decision: 'block', reason: 'News.'}],
    ['gemini', 'session-start', context('SessionStart')],
    ['gemini', 'prompt', context('BeforeAgent')],
    ['gemini', 'stop', {decision: 'deny', reason: 'News.'}],
    ['cursor', 'session-start', {additional_context: 'News.'}],
    ['cursor', 'prompt', {continue: true, additional_context: 'News.'}],
    ['cursor', 'stop', {followup_message: 'News.'}],
    ['vscode', 'session-start', context('SessionStart')],
    ['vscode', 'prompt', {systemMessage: 'News.'}],
    ['vscode', 'stop', {hookSpecificOutput: {hookEventName: 'Stop', decision: 'block', reason: 'News.'}}],
  ])('for %s at %s', (client, event, output) => {
    const protocol = PROTOCOLS.find(({name}) => name === client);
    const call = {event} as HookCall;
    expect(JSON.parse(protocol?.render(call, 'News.') ?? '')).toEqual(output);
  });

  it('is plain where Claude Code is about to compact', () => {
    const found = recognise(claude('PreCompact'), NONE);
    expect(found?.protocol.render(found.call, 'News.')).toBe('News.');
  });
});

describe('whom it reaches', () => {
  it.each<[client: string, event: HookEvent, reach: string]>([
    ...inputs.map(
      ([client, event]) => [client, event, reachOf(client, event)] as [string, HookEvent, string],
    ),
  ])('%s, %s: %s', (client, event, reach) => {
    const [, , input = {}] = inputs.find(([c, e]) => c === client && e === event) ?? [];
    expect(recognise(input, NONE)?.call.reach).toBe(reach);
  });

  it.each([
    ['3.19.2', 'nobody'],
    ['3.20.0', 'model'],
    ['4.0.1', 'model'],
    ['', 'nobody'],
  ])('Cursor %s takes context with a prompt: %s', (version, reach) => {
    expect(recognise(cursor('beforeSubmitPrompt', {cursor_version: version}), NONE)?.call.reach).toBe(reach);
  });
});

function reachOf(client: string, event: HookEvent): string {
  if (client === 'vscode' && event === 'prompt') return 'person';
  return event === 'pre-compact' && client !== 'claude-code' ? 'nobody' : 'model';
}
