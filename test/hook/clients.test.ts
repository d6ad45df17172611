import {describe, expect, it} from 'vitest';
import type {HookCall, HookEvent, Input} from '../../src/hook/clients/protocol.ts';
import {PROTOCOLS, recognise} from '../../src/hook/recognise.ts';
import {claude, codex, cursor, gemini, HOOK_INPUTS, SESSION, vscode} from '../support/hook-inputs.ts';

const NONE = {client: undefined, event: undefined};

describe('what a hook is called for', () => {
  it.each(HOOK_INPUTS)('%s, %s is seen from the input alone', (client, event, input) => {
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

  it('is nothing where Gemini CLI is about to look whether it compresses, which it says with every turn', () => {
    expect(recognise(gemini('PreCompress', {trigger: 'auto'}), NONE)).toBeUndefined();
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
    ...HOOK_INPUTS.map(
      ([client, event]) => [client, event, reachOf(client, event)] as [string, HookEvent, string],
    ),
  ])('%s, %s: %s', (client, event, reach) => {
    const [, , input = {}] = HOOK_INPUTS.find(([c, e]) => c === client && e === event) ?? [];
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
