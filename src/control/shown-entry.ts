import type {ConversationEntry} from '../delegation/model/conversation.ts';
import type {ShownEntry} from './protocol.ts';

/** An entry of a conversation as people's tools get it. */
export function shownEntry({key, at, isBelow, said}: ConversationEntry): ShownEntry {
  return {key, at: new Date(at).toISOString(), is_below: isBelow, said};
}
