import {SESSION_ID} from '../../delegation/model/delegation.ts';
import {commonOf} from './claude-code.ts';
import {fieldOf, type Protocol} from './protocol.ts';

/**
 * OpenCode has no hooks of this kind, and its plugin tells. This is for a script of one's own around `opencode run`: it
 * names the session, and gets plain text.
 */
export const opencode: Protocol = {
  name: 'opencode',
  delegatesAs: /^opencode/,
  isFrom: (input) => SESSION_ID.test(fieldOf(input, 'session_id', 'sessionId') ?? ''),
  read: (input, wanted) => wanted && {...commonOf(input), event: wanted, reach: 'model'},
  render: (_, text) => `${text}\n`,
};
