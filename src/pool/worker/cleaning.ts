import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Listening, PoolQueue} from '../queue/queue.ts';
import {reached} from '../queue/reached.ts';
import type {WorkerCode} from './code.ts';

export interface CleaningOptions {
  readonly queue: PoolQueue;
  readonly code: WorkerCode;
  readonly log: Logger;
}

/** Removes what a worker has of a job once its owner has what came of it, and not before. */
export class Cleaning {
  readonly #options: CleaningOptions;
  readonly #closed = new AbortController();
  readonly #listening = new Map<string, Listening>();
  readonly #removing = new Set<Promise<void>>();

  constructor(options: CleaningOptions) {
    this.#options = options;
  }

  /** Looks after what an earlier process has left. Never rejects. */
  async tidy(): Promise<void> {
    const {code, log} = this.#options;
    try {
      for (const job of await code.arrived()) await this.after(job);
    } catch (error) {
      log.warn(`what is left of earlier jobs could not be found out: ${messageOf(error)}`);
    }
  }

  /** The job is at work no more. Its owner takes what has come of it now, or in days. Never rejects. */
  async after(job: string): Promise<void> {
    const {queue, log} = this.#options;
    const {signal} = this.#closed;
    if (this.#listening.has(job) || signal.aborted) return;
    try {
      const listening = await reached(
        () =>
          queue.changed(job, ({is}) => {
            // Of a lost one nobody takes more than its checkpoints, which are in the pool.
            if (is === 'unknown' || is === 'lost' || is === 'waiting') this.#remove(job);
          }),
        signal,
      );
      this.#listening.set(job, listening);
    } catch (error) {
      if (!signal.aborted) log.warn(`${job} is cleaned up later: ${messageOf(error)}`);
    }
  }

  /** What is still awaited stays for the next process. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#listening.values()].map((one) => one.close()));
    await Promise.all(this.#removing);
  }

  #remove(job: string): void {
    const {code, log} = this.#options;
    const removing = code
      .remove(job)
      .catch((error: unknown) => log.warn(`${job} could not be cleaned up: ${messageOf(error)}`))
      .finally(() => {
        this.#removing.delete(removing);
        const listening = this.#listening.get(job);
        this.#listening.delete(job);
        void listening?.close();
      });
    this.#removing.add(removing);
  }
}
