import type {Asks} from '../asks/asks.ts';
import type {ConversationEntry} from '../model/conversation.ts';
import type {Run} from '../model/run.ts';
import type {Waiting} from '../model/waiting.ts';

/** What can be asked of an agent at work. */
export interface AgentAtWork {
  readonly asks: Asks;
  readonly conversation: () => readonly ConversationEntry[];
  readonly tell: Run['tell'];
  /** Why it has not begun, of what runs elsewhere. */
  readonly waiting?: () => Waiting | undefined;
  /** Why nothing is heard of it, of what runs elsewhere: whole sentences. */
  readonly trouble?: () => string | undefined;
}
