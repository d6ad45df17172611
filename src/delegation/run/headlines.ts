import PQueue from 'p-queue';
import type {Delegation} from '../model/delegation.ts';
import {type Headline, tidyHeadline} from '../model/headline.ts';
import type {HeadlineWriter} from '../model/ports.ts';

export interface HeadlinesOptions {
  readonly amend: (delegation: Delegation, headline: Headline) => Promise<unknown>;
}

/** Gets better titles and summaries written, a few at a time: decoration must never crowd out the work. */
export class Headlines {
  readonly #options: HeadlinesOptions;
  readonly #slots = new PQueue({concurrency: 2});
  #isClosed = false;

  constructor(options: HeadlinesOptions) {
    this.#options = options;
  }

  /** Of a delegation that has ended. Nothing comes of it when that is not possible, or when it is closed before. */
  improve(delegation: Delegation, writer: HeadlineWriter): void {
    if (this.#isClosed || delegation.state.status !== 'completed') return;
    const {amend} = this.#options;
    void this.#slots.add(async () => {
      const headline = await writer.write(delegation);
      if (headline !== undefined && !this.#isClosed) await amend(delegation, tidyHeadline(headline));
    });
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#slots.clear();
  }
}
