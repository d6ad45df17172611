import {commonOf, renderAsClaude} from './claude-code.ts';
import {eventOf, fieldOf, type HookEvent, type Protocol, type Reach} from './protocol.ts';

const NAMES: Readonly<Record<string, HookEvent>> = {
  SessionStart: 'session-start',
  UserPromptSubmit: 'prompt',
  Stop: 'stop',
  PreCompact: 'pre-compact',
};

const REACHES: Readonly<Record<HookEvent, Reach>> = {
  'session-start': 'model',
  prompt: 'person',
  stop: 'model',
  'pre-compact': 'nobody',
};

/** Context at the start of a session, and a reason to go on at a stop. With a prompt, only the person is told. */
export const vscode: Protocol = {
  name: 'vscode',
  delegatesAs: /^visual studio code/i,
  isFrom: (input) =>
    fieldOf(input, 'hookEventName') !== undefined ||
    (fieldOf(input, 'sessionId') !== undefined && fieldOf(input, 'session_id') === undefined),
  read(input, wanted) {
    const event = eventOf(input, NAMES, wanted);
    return event && {...commonOf(input), event, reach: REACHES[event]};
  },
  render({event}, text) {
    switch (event) {
      case 'stop':
        return JSON.stringify({hookSpecificOutput: {hookEventName: 'Stop', decision: 'block', reason: text}});
      case 'prompt':
        return JSON.stringify({systemMessage: text});
      default:
        return renderAsClaude(event, text);
    }
  },
};
