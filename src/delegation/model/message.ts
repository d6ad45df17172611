/** What somebody has told a delegation after it was delegated. */
export interface SentMessage {
  /** Counts the messages of one delegation, from 1. */
  readonly number: number;
  /** Verbatim. */
  readonly text: string;
  /** When it was taken, in milliseconds since the epoch. */
  readonly at: number;
  /** When its agent was given it; absent while it was not. */
  readonly readAt?: number;
}

/** What of a message goes to the agent. */
export type MessageText = Pick<SentMessage, 'number' | 'text'>;

/** When an agent gets a message that it is sent at some moment. */
export const DELIVERIES = [
  /** With the prompt: it has not begun. */
  'beginning',
  /** It has it. */
  'now',
  /** With its next step: it thinks or writes. */
  'step',
  /** After the tool that it uses. */
  'tool',
  /** Once what it asks for is answered. */
  'reply',
  /** After OpenCode has compacted its conversation. */
  'compaction',
  /** After its provider, which refuses at the moment, has answered. */
  'provider',
] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** A message has to be kept in the record, and read by an agent with everything else. */
export const MAX_MESSAGE_CHARS = 8_000;
/** So many are kept of one delegation. */
export const MAX_MESSAGES = 50;
