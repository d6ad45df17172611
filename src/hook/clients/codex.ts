import {commonOf, renderAsClaude} from './claude-code.ts';
import {eventOf, fieldOf, type HookEvent, type Protocol} from './protocol.ts';

const NAMES: Readonly<Record<string, HookEvent>> = {
  SessionStart: 'session-start',
  UserPromptSubmit: 'prompt',
  Stop: 'stop',
  PreCompact: 'pre-compact',
};

/** As Claude Code, but nothing that is said before a compaction reaches the model: what begins after it does. */
export const codex: Protocol = {
  name: 'codex',
  delegatesAs: /^codex/,
  isFrom: (input) =>
    fieldOf(input, 'turn_id') !== undefined ||
    /[\\/]rollout-[^\\/]*\.jsonl/.test(fieldOf(input, 'transcript_path') ?? ''),
  read(input, wanted) {
    const event = eventOf(input, NAMES, wanted);
    // An agent that the model has started has nobody to tell.
    if (event === undefined || fieldOf(input, 'agent_id') !== undefined) return undefined;
    return {...commonOf(input), event, reach: event === 'pre-compact' ? 'nobody' : 'model'};
  },
  render: ({event}, text) => renderAsClaude(event, text),
};
