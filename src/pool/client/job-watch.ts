import type {RunEnd} from '../../delegation/model/run.ts';
import type {FromWorker, JobResult} from '../mail/letters.ts';
import type {JobStanding, Listening} from '../queue/queue.ts';
import type {PoolLink} from './link.ts';
import {outlookOf} from './outlook.ts';

/** Timers cannot be set for longer. */
const LONGEST_MS = 24 * 60 * 60_000;

export interface JobWatchOptions {
  readonly job: string;
  readonly link: PoolLink;
  readonly heard: (letter: FromWorker) => void;
  /** Told while it waits or is at work. */
  readonly stands: (standing: JobStanding) => void;
  /** Told once. */
  readonly ended: (end: RunEnd | 'unknown', result?: JobResult) => void;
  readonly trouble: (why: string | undefined) => void;
}

/** Listens to what happens to a job of the pool, and takes its end for this machine. */
export class JobWatch {
  readonly #options: JobWatchOptions;
  readonly #over = new AbortController();
  readonly #listening: Listening[] = [];
  #looking: Promise<void> = Promise.resolve();
  #again: NodeJS.Timeout | undefined;

  constructor(options: JobWatchOptions) {
    this.#options = options;
  }

  /** Aborts when it is closed. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Begins to listen. What cannot be had at the moment is waited for. */
  async begin(): Promise<void> {
    const {job, link, heard, trouble} = this.#options;
    const persist = {signal: this.signal, trouble};
    const refused = (why: string) => link.log.warn(why);
    const mail = await link.mailOf(job);
    await this.#listen(await link.persist(() => mail.atOwner(heard, refused), persist));
    const notice = (standing: JobStanding) => this.#look(standing);
    await this.#listen(await link.persist(({queue}) => queue.changed(job, notice), persist));
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#over.abort(new Error('it is left to the next process'));
    clearTimeout(this.#again);
    await Promise.all(this.#listening.splice(0).map((one) => one.close()));
  }

  async #listen(listening: Listening): Promise<void> {
    if (this.signal.aborted) await listening.close();
    else this.#listening.push(listening);
  }

  /** One after the other, so that what came last counts. */
  #look(standing?: JobStanding): void {
    this.#looking = this.#looking
      .then(() => (this.signal.aborted ? undefined : this.#see(standing)))
      .catch((error: unknown) => {
        if (!this.signal.aborted) throw error;
      });
  }

  async #see(told: JobStanding | undefined): Promise<void> {
    const {job, link, stands, ended, trouble} = this.#options;
    const {standing, outlook} = await link.persist(
      async ({queue}) => {
        const standing = told ?? (await queue.standing(job));
        const mail = await link.mailOf(job);
        return {standing, outlook: await outlookOf(standing, {mail, queue, taker: link.self})};
      },
      {signal: this.signal, trouble},
    );
    if (this.signal.aborted) return;
    switch (outlook.is) {
      case 'open':
        return stands(standing);
      case 'held':
        trouble(outlook.why);
        // Where that machine has gone away in the midst of it, it is this one's turn.
        this.#again = setTimeout(() => this.#look(), Math.min(outlook.freeInMs, LONGEST_MS)).unref();
        return;
      case 'unknown':
        return ended('unknown');
      case 'end':
        return ended(outlook.end, outlook.result);
    }
  }
}
