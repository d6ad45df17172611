import type {Message, SessionStatus} from '@opencode-ai/sdk/v2/client';
import {isAccountRefusal} from '../wire/account-refusal.ts';
import {wordsOf} from '../wire/answer.ts';
import {type OpenCodeEvent, sessionOf} from '../wire/events.ts';
import {joinModel} from '../wire/model-name.ts';
import {limitOfError, limitOfRetry, type Retry} from '../wire/rate-limit.ts';

/** So many context overflows in a row, each followed by a compaction, are taken as final. */
const MAX_OVERFLOWS = 3;

export interface ProviderTroubleOptions {
  /** The delegation's own model, as `provider/model`. */
  readonly model: string;
  /** When the delegation runs out of time, in milliseconds since the epoch. */
  readonly deadline: number;
  /** Called when the provider of that model was asked too often, with the time at which it may be asked again. */
  readonly onRateLimited: (model: string, until: number) => void;
  /** Called when OpenCode waits before it asks the provider again, with that in words. */
  readonly onWait: (words: string) => void;
  /** Called when the provider refuses the agent's own model for now, or for good for this account, with why as a sentence. */
  readonly onRefused: (why: string) => void;
  /** Called when there is no use in going on, with the reason in sentences. */
  readonly onHopeless: (why: string) => void;
}

/**
 * Follows what providers refuse, to the agent and to those below it. OpenCode tries again by itself, in two cases
 * longer than anybody waits: when the provider asks for a pause beyond the time limit, and when a session
 * overflows after every compaction.
 */
export class ProviderTrouble {
  readonly #options: ProviderTroubleOptions;
  /** What was said last to each session that waits for its provider. */
  readonly #sentences = new Map<string, string>();
  /** The model that each session asks. */
  readonly #models = new Map<string, string>();
  #overflows = 0;

  constructor(options: ProviderTroubleOptions) {
    this.#options = options;
  }

  /** What a provider says at the moment, as a sentence; `undefined` while it works. */
  get sentence(): string | undefined {
    return [...this.#sentences.values()].at(-1);
  }

  /** Of the agent's own session, or of one below it. */
  event(event: OpenCodeEvent, isOwn: boolean): void {
    const sessionId = sessionOf(event) ?? '';
    switch (event.type) {
      case 'session.status':
        this.status(sessionId, event.properties.status, isOwn);
        break;
      case 'message.part.updated':
        this.#sentences.delete(sessionId);
        break;
      case 'message.updated':
        this.#stepped(sessionId, event.properties.info, isOwn);
        break;
      case 'session.error': {
        const {error} = event.properties;
        if (error === undefined) break;
        const until = limitOfError(error, Date.now());
        this.#limited(sessionId, until);
        if (isOwn && (until !== undefined || isAccountRefusal(error)))
          this.#options.onRefused(`${PROVIDER}: ${wordsOf(error)}.`);
        if (isOwn && error.name === 'ContextOverflowError') this.#overflowed(wordsOf(error));
        break;
      }
    }
  }

  /** As an event that tells a session's status. */
  status(sessionId: string, status: SessionStatus, isOwn: boolean): void {
    if (status.type === 'retry') this.#retry(sessionId, status, isOwn);
  }

  #retry(sessionId: string, retry: Retry, isOwn: boolean): void {
    const {message, attempt, next} = retry;
    const {deadline, onWait, onHopeless} = this.#options;
    const at = new Date(next).toISOString();
    const sentence = `${saidBy(message)}: ${message}.`;
    this.#sentences.set(sessionId, sentence);
    const until = limitOfRetry(retry, Date.now());
    this.#limited(sessionId, until);
    if (isOwn && until !== undefined) this.#options.onRefused(sentence);
    const whom = saidBy(message) === PROVIDER ? 'the provider, which' : 'OpenCode itself, which';
    onWait(`waiting for ${whom} said "${message}"; attempt ${attempt + 1} at ${at}`);
    if (next < deadline) return;
    onHopeless(
      `${sentence} It would be asked again at ${at}, which is after this delegation's time limit. Delegate again later, or with another model.`,
    );
  }

  #stepped(sessionId: string, info: Message, isOwn: boolean): void {
    this.#models.set(sessionId, joinModel(info.role === 'user' ? info.model : info));
    if (isOwn && isStep(info)) this.#overflows = 0;
  }

  #limited(sessionId: string, until: number | undefined): void {
    if (until === undefined) return;
    this.#options.onRateLimited(this.#models.get(sessionId) ?? this.#options.model, until);
  }

  #overflowed(words: string): void {
    this.#overflows += 1;
    if (this.#overflows < MAX_OVERFLOWS) return;
    this.#options.onHopeless(
      `The provider said: ${words}. Compacting the session ${MAX_OVERFLOWS - 1} times did not make it fit. Delegate a smaller piece of work, or use a model with a larger context.`,
    );
  }
}

const PROVIDER = 'The provider said';

/** OpenCode asks again whatever went wrong in a step, what its own database refused as well. */
function saidBy(message: string): string {
  return /^Failed query\b|\bSQLITE_|\bdatabase is locked\b/i.test(message)
    ? 'OpenCode itself said'
    : PROVIDER;
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
