import type {HookEvent, Input} from '../../src/hook/clients/protocol.ts';

/** The session of each of these. */
export const SESSION = '3a05d321-3230-4d8c-b4ac-f40608f0d0b3';

/** As Claude Code 2.1.332 sends it. */
export const claude = (name: string, more: Input = {}): Input => ({
  session_id: SESSION,
  transcript_path: `/home/ada/.claude/projects/-home-ada-shop/${SESSION}.jsonl`,
  cwd: '/home/ada/shop',
  hook_event_name: name,
  ...more,
});

/** As Codex 0.171 sends it. */
export const codex = (name: string, more: Input = {}): Input => ({
  session_id: SESSION,
  transcript_path: `/home/ada/.codex/sessions/2026/11/30/rollout-2026-11-30T11-19-33-${SESSION}.jsonl`,
  cwd: '/home/ada/shop',
  hook_event_name: name,
  model: 'gpt-6',
  permission_mode: 'default',
  ...more,
});

/** As Gemini CLI 0.61 sends it. */
export const gemini = (name: string, more: Input = {}): Input => ({
  session_id: SESSION,
  transcript_path: '/home/ada/.gemini/tmp/shop/chats/session-2026-11-30T11-19-7525d6e9.jsonl',
  cwd: '/home/ada/shop',
  hook_event_name: name,
  timestamp: '2026-11-30T11:19:59.763Z',
  ...more,
});

/** As Cursor's documents have it. */
export const cursor = (name: string, more: Input = {}): Input => ({
  conversation_id: SESSION,
  generation_id: 'e1',
  model: 'auto',
  hook_event_name: name,
  cursor_version: '3.20.17',
  workspace_roots: ['/home/ada/shop'],
  ...more,
});

/** As the documents of VS Code have it. */
export const vscode = (name: string, more: Input = {}): Input => ({
  timestamp: '2026-02-09T10:30:00.000Z',
  cwd: '/home/ada/shop',
  sessionId: SESSION,
  hookEventName: name,
  transcript_path: '/tmp/transcript.json',
  ...more,
});

/** What each client sends at each event. */
export const HOOK_INPUTS: readonly [client: string, event: HookEvent, input: Input][] = [
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
  ['cursor', 'session-start', cursor('sessionStart', {is_background_agent: false})],
  ['cursor', 'prompt', cursor('beforeSubmitPrompt', {prompt: 'hello'})],
  ['cursor', 'stop', cursor('stop', {status: 'completed', loop_count: 0})],
  ['cursor', 'pre-compact', cursor('preCompact', {trigger: 'auto'})],
  ['vscode', 'session-start', vscode('SessionStart', {source: 'new'})],
  ['vscode', 'prompt', vscode('UserPromptSubmit', {prompt: 'hello'})],
  ['vscode', 'stop', vscode('Stop', {stop_hook_active: false})],
  ['vscode', 'pre-compact', vscode('PreCompact', {trigger: 'auto'})],
];
