import type {Decision} from '../model/ask.ts';
import type {SentMessage} from '../model/message.ts';
import type {KeptRecord} from './kept-record.ts';
import {withHeard, withMessage} from './messages.ts';

export interface AdditionsOptions {
  readonly kept: KeptRecord;
  readonly now: () => number;
  /** True once its end is decided: nothing is added from then on. */
  readonly isEnding: () => boolean;
}

/** What is added to a record while its delegation waits and runs: notes, decisions, and what its agent was told. */
export class Additions {
  readonly #options: AdditionsOptions;

  constructor(options: AdditionsOptions) {
    this.#options = options;
  }

  /** The one who has just delegated it is told this as well. The record has it from its next write on. */
  noted(notes: readonly string[]): void {
    const {kept, isEnding} = this.#options;
    if (isEnding() || notes.length === 0) return;
    kept.change({notes: [...(kept.current.notes ?? []), ...notes]});
  }

  decided(decision: Decision): void {
    const {kept, isEnding} = this.#options;
    if (isEnding()) return;
    kept.change({decisions: [...(kept.current.decisions ?? []), decision]});
    void kept.save();
  }

  /**
   * Takes down what somebody tells it, for its agent to be given. Resolves when that is on disk: with `undefined` when it
   * could not be written, or it came to its end first.
   */
  async takeDown(text: string): Promise<SentMessage | undefined> {
    const {kept, now, isEnding} = this.#options;
    if (isEnding()) return undefined;
    const messages = withMessage(kept.current, {text, at: now()});
    const message = messages.at(-1);
    kept.change({messages});
    const isStored = await kept.save();
    return isStored && !isEnding() ? message : undefined;
  }

  /** Its agent was given these messages. */
  heard(numbers: readonly number[]): void {
    const {kept, now, isEnding} = this.#options;
    const {messages = []} = kept.current;
    const known = withHeard(messages, {numbers, at: now()});
    if (isEnding() || known === messages) return;
    kept.change({messages: known});
    void kept.save();
  }
}
