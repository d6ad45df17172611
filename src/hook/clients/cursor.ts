import {eventOf, fieldOf, type HookEvent, type Input, type Protocol, type Reach} from './protocol.ts';

const NAMES: Readonly<Record<string, HookEvent>> = {
  sessionStart: 'session-start',
  beforeSubmitPrompt: 'prompt',
  stop: 'stop',
  preCompact: 'pre-compact',
};

/** The first release that was seen to take context with a prompt; the documents name none. */
const CONTEXT_WITH_PROMPT = [3, 20];

/** Context at the start of a session, and with a prompt in newer releases; at a stop, the next message. */
export const cursor: Protocol = {
  name: 'cursor',
  delegatesAs: /^cursor/i,
  isFrom: (input) =>
    fieldOf(input, 'cursor_version') !== undefined ||
    Array.isArray(input.workspace_roots) ||
    (fieldOf(input, 'conversation_id') !== undefined && fieldOf(input, 'session_id') === undefined),
  read(input, wanted) {
    const event = eventOf(input, NAMES, wanted);
    if (event === undefined) return undefined;
    const roots: readonly unknown[] = Array.isArray(input.workspace_roots) ? input.workspace_roots : [];
    const [root] = roots.filter((one) => typeof one === 'string');
    return {
      event,
      session: fieldOf(input, 'conversation_id', 'session_id'),
      directory: root ?? fieldOf(input, 'cwd'),
      reach: reachOf(event, input),
      isCompacted: false,
      mayGoOn: input.status === 'completed' && (input.loop_count ?? 0) === 0,
    };
  },
  render({event}, text) {
    switch (event) {
      case 'session-start':
        return JSON.stringify({additional_context: text});
      case 'prompt':
        return JSON.stringify({continue: true, additional_context: text});
      case 'stop':
        return JSON.stringify({followup_message: text});
      case 'pre-compact':
        return JSON.stringify({user_message: text});
    }
  },
};

function reachOf(event: HookEvent, input: Input): Reach {
  if (event === 'pre-compact') return 'nobody';
  if (event !== 'prompt') return 'model';
  const [major = 0, minor = 0] = (fieldOf(input, 'cursor_version') ?? '').split('.').map(Number);
  const [least = 0, leastMinor = 0] = CONTEXT_WITH_PROMPT;
  return major > least || (major === least && minor >= leastMinor) ? 'model' : 'nobody';
}
