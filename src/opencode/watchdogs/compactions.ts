import {becameIdle, type OpenCodeEvent} from '../wire/events.ts';

/** So many compactions in a row with at most one step between them get nowhere. */
const MAX_IN_A_ROW = 8;

export interface CompactionsOptions {
  /** Called at each compaction of this session that is one too many in a row. */
  readonly onTooMany: (sessionId: string, times: number) => void;
}

interface Count {
  inARow: number;
  /** The agent's own steps since the last compaction. */
  readonly steps: Set<string>;
  /** The message of the last compaction. */
  last: string;
}

/**
 * Notices that OpenCode compacts the conversation of an agent after every step. It does so where what one step reads
 * fills the context of the model, and nothing is left of it afterwards.
 */
export class Compactions {
  readonly #options: CompactionsOptions;
  readonly #counts = new Map<string, Count>();

  constructor(options: CompactionsOptions) {
    this.#options = options;
  }

  event(event: OpenCodeEvent): void {
    const idle = becameIdle(event);
    if (idle !== undefined) this.#counts.delete(idle);
    if (event.type !== 'message.updated') return;
    const {info} = event.properties;
    if (info.role !== 'assistant' || info.time.completed === undefined) return;
    const count = this.#counts.get(info.sessionID) ?? {inARow: 0, steps: new Set(), last: ''};
    this.#counts.set(info.sessionID, count);
    if (info.summary !== true) count.steps.add(info.id);
    else if (info.id !== count.last) this.#compacted(info, count);
  }

  #compacted({id, sessionID}: {readonly id: string; readonly sessionID: string}, count: Count): void {
    count.inARow = count.steps.size > 1 ? 1 : count.inARow + 1;
    count.steps.clear();
    count.last = id;
    if (count.inARow > MAX_IN_A_ROW) this.#options.onTooMany(sessionID, count.inARow);
  }
}

/** What happened and what to do next, in words that can begin a sentence or go on with it. */
export function compactedInVain(times: number): string {
  return `OpenCode compacted the conversation ${times} times in a row, each time after a single step of the agent: what one step reads fills the context of the model. Delegate it in smaller pieces, or to a model with a larger context.`;
}
