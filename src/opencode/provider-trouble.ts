import type {Message, SessionStatus} from '@opencode-ai/sdk/v2/client';
import {wordsOf} from './answer.ts';
import type {OpenCodeEvent} from './events.ts';
import {isRateLimit} from './rate-limit.ts';

/** So many context overflows in a row, each followed by a compaction, are taken as final. */
const MAX_OVERFLOWS = 3;

type Retry = Extract<SessionStatus, {type: 'retry'}>;

export interface ProviderTroubleOptions {
  /** When the delegation runs out of time, in milliseconds since the epoch. */
  readonly deadline: number;
  /** Called when the provider was asked too often, with the time at which it will be asked again. */
  readonly onRateLimited: (until: number) => void;
}

/**
 * Follows what the provider refuses. OpenCode tries again by itself, in two cases longer than anybody waits:
 * when the provider asks for a pause beyond the time limit, and when a session overflows after every
 * compaction.
 */
export class ProviderTrouble {
  readonly #options: ProviderTroubleOptions;
  #sentence: string | undefined;
  #overflows = 0;

  constructor(options: ProviderTroubleOptions) {
    this.#options = options;
  }

  /** What the provider says at the moment, as a sentence; `undefined` while it works. */
  get sentence(): string | undefined {
    return this.#sentence;
  }

  /** Returns why there is no use in waiting any longer, if that is so. */
  retry({message, next}: Retry): string | undefined {
    this.#sentence = `The provider said: ${message}.`;
    const {deadline, onRateLimited} = this.#options;
    if (isRateLimit(message)) onRateLimited(next);
    if (next < deadline) return undefined;
    return `${this.#sentence} It would be asked again at ${new Date(next).toISOString()}, which is after this delegation's time limit. Delegate again later, or with another model.`;
  }

  /** Returns why there is no use in going on, if the event makes that so. */
  event(event: OpenCodeEvent): string | undefined {
    switch (event.type) {
      case 'message.part.updated':
        this.#sentence = undefined;
        return undefined;
      case 'message.updated':
        if (isStep(event.properties.info)) this.#overflows = 0;
        return undefined;
      case 'session.error':
        return event.properties.error?.name === 'ContextOverflowError'
          ? this.#overflowed(wordsOf(event.properties.error))
          : undefined;
      default:
        return undefined;
    }
  }

  #overflowed(words: string): string | undefined {
    this.#overflows += 1;
    if (this.#overflows < MAX_OVERFLOWS) return undefined;
    return `The provider said: ${words}. Compacting the session ${MAX_OVERFLOWS - 1} times did not make it fit. Delegate a smaller piece of work, or use a model with a larger context.`;
  }
}

/** True for a step of the agent that went through; summaries of a compaction are none. */
function isStep(info: Message): boolean {
  return (
    info.role === 'assistant' &&
    info.summary !== true &&
    info.finish !== undefined &&
    info.error === undefined
  );
}
