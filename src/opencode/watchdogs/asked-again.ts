import {becameIdle, type OpenCodeEvent} from '../wire/events.ts';

/** So many steps in a row that call no tool and end no turn are not work any more. */
const MAX_STEPS = 3;

export interface AskedAgainOptions {
  /** Called when OpenCode asks the model of this session once more after so many steps, and at each further time. */
  readonly onTooOften: (sessionId: string, times: number) => void;
}

/**
 * Notices that OpenCode asks a model again and again by itself. It does so for as long as a provider says nothing of
 * an end, names tool calls and makes none, answers with what is no answer of a model, or cannot take what a
 * compaction has left: hundreds of times a minute, each of which is paid for.
 */
export class AskedAgain {
  readonly #options: AskedAgainOptions;
  /** By session, the steps since the last that called a tool. */
  readonly #steps = new Map<string, Set<string>>();
  /** By session, the message that has called a tool. */
  readonly #working = new Map<string, string>();

  constructor(options: AskedAgainOptions) {
    this.#options = options;
  }

  /** Somebody says something in the session: what follows is not OpenCode's own doing. */
  told(sessionId: string): void {
    this.#steps.delete(sessionId);
  }

  event(event: OpenCodeEvent): void {
    if (event.type === 'message.part.updated' && event.properties.part.type === 'tool') {
      const {sessionID, messageID} = event.properties.part;
      this.#working.set(sessionID, messageID);
      this.#steps.delete(sessionID);
    }
    // What comes after that was asked by somebody else: an agent goes on with one below it, time and again.
    const idle = becameIdle(event);
    if (idle !== undefined) this.#steps.delete(idle);
    if (event.type !== 'message.updated') return;
    const {info} = event.properties;
    // A summary is OpenCode's own wish, and what follows it is counted.
    if (info.role !== 'assistant' || info.summary === true) return;
    const steps = this.#steps.get(info.sessionID) ?? new Set();
    if (info.time.completed === undefined) {
      if (steps.size >= MAX_STEPS && !steps.has(info.id))
        this.#options.onTooOften(info.sessionID, steps.size);
    } else if (this.#working.get(info.sessionID) !== info.id) {
      this.#steps.set(info.sessionID, steps.add(info.id));
    }
  }
}

/** What happened and what to do next, in words that can begin a sentence or go on with it. */
export function askedInVain(times: number): string {
  return `OpenCode asked the model ${times} times in a row, and got neither a tool call nor an end of its turn. See in OpenCode what the model answers (opencode run --model <provider/model> hello), or delegate to another model.`;
}
