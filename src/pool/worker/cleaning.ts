import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Listening, PoolQueue} from '../queue/queue.ts';
import {reached} from '../queue/reached.ts';
import type {WorkerCode} from './code.ts';
import type {OwnServices} from './own-service.ts';

export interface CleaningOptions {
  readonly queue: PoolQueue;
  readonly code: Pick<WorkerCode, 'arrived' | 'remove'>;
  readonly services: Pick<OwnServices, 'forget'>;
  readonly log: Logger;
}

/** Removes what a worker has of a job once its owner has what came of it, and not before. */
export class Cleaning {
  readonly #options: CleaningOptions;
  readonly #closed = new AbortController();
  readonly #listening = new Map<string, Promise<Listening>>();
  readonly #removing = new Map<string, Promise<void>>();

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
    const listening = reached(
      () =>
        queue.changed(job, ({is}) => {
          // Of a lost one nobody takes more than its checkpoints, which are in the pool.
          if (is === 'unknown' || is === 'lost' || is === 'waiting') this.#remove(job);
        }),
      signal,
    );
    this.#listening.set(job, listening);
    try {
      await listening;
    } catch (error) {
      this.#listening.delete(job);
      if (!signal.aborted) log.warn(`${job} is cleaned up later: ${messageOf(error)}`);
    }
  }

  /** The job has come here again, after it was handed back. Resolves when nothing of it is being removed any more. */
  async taken(job: string): Promise<void> {
    await this.#stop(job);
    await this.#removing.get(job);
  }

  /** What is still awaited stays for the next process. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#listening.keys()].map((job) => this.#stop(job)));
    await Promise.all(this.#removing.values());
  }

  #remove(job: string): void {
    if (this.#removing.has(job)) return;
    const {log} = this.#options;
    const removing = this.#removed(job)
      .catch((error: unknown) => log.warn(`${job} could not be cleaned up: ${messageOf(error)}`))
      .finally(() => {
        this.#removing.delete(job);
        void this.#stop(job);
      });
    this.#removing.set(job, removing);
  }

  async #stop(job: string): Promise<void> {
    const listening = this.#listening.get(job);
    this.#listening.delete(job);
    await listening?.then((one) => one.close()).catch(() => {});
  }

  async #removed(job: string): Promise<void> {
    const {services, code} = this.#options;
    await services.forget(job);
    // Last: by its code, the next process finds what this one has not come to.
    await code.remove(job);
  }
}
