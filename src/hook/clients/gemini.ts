import {commonOf} from './claude-code.ts';
import {eventOf, fieldOf, type HookEvent, type Protocol} from './protocol.ts';

const NAMES: Readonly<Record<string, HookEvent>> = {
  SessionStart: 'session-start',
  BeforeAgent: 'prompt',
  AfterAgent: 'stop',
};

const OWN = ['BeforeAgent', 'AfterAgent', 'PreCompress'];

const CONTEXT_OF = {'session-start': 'SessionStart', prompt: 'BeforeAgent'} as const;

/**
 * Context at the start of a session and with a prompt; at a stop, a new prompt. PreCompress comes with every turn, whether
 * or not something is compressed, and its output reaches nobody: it is left aside.
 */
export const gemini: Protocol = {
  name: 'gemini',
  delegatesAs: /^gemini-cli/,
  isFrom: (input) =>
    OWN.includes(fieldOf(input, 'hook_event_name') ?? '') ||
    /[\\/]\.gemini[\\/]/.test(fieldOf(input, 'transcript_path') ?? ''),
  read(input, wanted) {
    const event = eventOf(input, NAMES, wanted);
    return event && {...commonOf(input), event, reach: 'model'};
  },
  render({event}, text) {
    switch (event) {
      case 'session-start':
      case 'prompt':
        return JSON.stringify({
          hookSpecificOutput: {hookEventName: CONTEXT_OF[event], additionalContext: text},
        });
      default:
        return JSON.stringify({decision: 'deny', reason: text});
    }
  },
};
