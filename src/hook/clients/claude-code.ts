import {eventOf, fieldOf, type HookEvent, type Input, type Protocol} from './protocol.ts';

const NAMES: Readonly<Record<string, HookEvent>> = {
  SessionStart: 'session-start',
  UserPromptSubmit: 'prompt',
  Stop: 'stop',
  PreCompact: 'pre-compact',
};

const CONTEXT_OF = {'session-start': 'SessionStart', prompt: 'UserPromptSubmit'} as const;

/** Context at the start of a session and with a prompt; a reason to go on at a stop; words for the summarizer. */
export const claudeCode: Protocol = {
  name: 'claude-code',
  delegatesAs: /^claude-code/,
  isFrom: (input) => /[\\/]\.claude[\\/]/.test(fieldOf(input, 'transcript_path') ?? ''),
  read(input, wanted) {
    const event = eventOf(input, NAMES, wanted);
    return event && {...commonOf(input), event, reach: 'model'};
  },
  render: ({event}, text) => renderAsClaude(event, text),
};

/** What the clients have in common that took these hooks over. */
export function commonOf(input: Input) {
  return {
    session: fieldOf(input, 'session_id', 'sessionId'),
    directory: fieldOf(input, 'cwd'),
    prompt: fieldOf(input, 'prompt'),
    isCompacted: input.source === 'compact',
    mayGoOn: input.stop_hook_active !== true,
  };
}

/** As Claude Code reads it, and others do as well. What is said before a compaction is plain text. */
export function renderAsClaude(event: HookEvent, text: string): string {
  switch (event) {
    case 'session-start':
    case 'prompt':
      return JSON.stringify({
        hookSpecificOutput: {hookEventName: CONTEXT_OF[event], additionalContext: text},
      });
    case 'stop':
      return JSON.stringify({decision: 'block', reason: text});
    case 'pre-compact':
      return text;
  }
}
