/** What a delegation's agent, or one below it, wrote or did: one entry of its conversation. */
export interface ConversationEntry {
  /** Stays the same while the entry grows: a later one with this key takes the place of the earlier one. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** True in the conversation of an agent below the delegation's own. */
  readonly isBelow: boolean;
  readonly said: Said;
}

export type Said =
  /** What the agent was asked: the prompt, or words that somebody wrote to it since. */
  | {readonly kind: 'prompt' | 'text' | 'thinking'; readonly text: string}
  | {
      readonly kind: 'tool';
      readonly tool: string;
      /** What the call is about, in a few words; empty where its input does not say. */
      readonly about: string;
      readonly status: 'pending' | 'running' | 'completed' | 'error';
      /** The result, or why it failed; empty before there is one. */
      readonly output: string;
    }
  /** The conversation was compacted here. */
  | {readonly kind: 'compaction'}
  | {readonly kind: 'error'; readonly text: string};
