import type {HookedEvent, HookPlace} from './client.ts';

/** A hook of ours takes a fraction of a second. Most clients count seconds. */
const TIMEOUT_SECONDS = 10;

/**
 * As Claude Code has them (code.claude.com/docs/en/hooks), and Codex (developers.openai.com/codex/hooks) and VS Code
 * (code.visualstudio.com/docs/agent-customization/hooks) after it.
 */
const EVENTS = {
  'session-start': 'SessionStart',
  prompt: 'UserPromptSubmit',
  stop: 'Stop',
  'pre-compact': 'PreCompact',
} as const satisfies Record<HookedEvent, string>;

export function groupedHooks(file: string): HookPlace {
  return {file, events: EVENTS, isGrouped: true, isTyped: true, timeout: TIMEOUT_SECONDS};
}

export function vscodeHooks(file: string): HookPlace {
  return {...groupedHooks(file), isGrouped: false};
}

/** geminicli.com/docs/hooks/reference: it counts milliseconds. */
export function geminiHooks(file: string): HookPlace {
  return {
    file,
    // Its PreCompress comes with every turn, and what is printed then reaches nobody.
    events: {'session-start': 'SessionStart', prompt: 'BeforeAgent', stop: 'AfterAgent'},
    isGrouped: true,
    isTyped: true,
    timeout: TIMEOUT_SECONDS * 1_000,
  };
}

/** cursor.com/docs/hooks. */
export function cursorHooks(file: string): HookPlace {
  return {
    file,
    events: {
      'session-start': 'sessionStart',
      prompt: 'beforeSubmitPrompt',
      stop: 'stop',
      'pre-compact': 'preCompact',
    },
    isGrouped: false,
    isTyped: false,
    timeout: TIMEOUT_SECONDS,
    top: {version: 1},
  };
}
