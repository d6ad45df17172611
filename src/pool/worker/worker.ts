import {messageOf, Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {WorkOrder} from '../mail/letters.ts';
import {Mail} from '../mail/mail.ts';
import type {Lease, PoolQueue, Serving, WorkerSelf} from '../queue/queue.ts';
import {reached} from '../queue/reached.ts';
import type {GroupKey} from '../seal/group-key.ts';
import {type Allowed, admitted} from './admission.ts';
import {Assignment} from './assignment.ts';
import {Cleaning} from './cleaning.ts';
import type {WorkerCode} from './code.ts';
import type {Journal} from './journal.ts';
import type {OwnServices} from './own-service.ts';
import {presence} from './presence.ts';
import {refusedResult} from './results.ts';

/** Its row was put back by somebody, or there is a copy of this worker's folder. */
const BEGUN_BEFORE = 'This worker has begun it before, and begins nothing twice. Nothing was begun.';

export interface PoolWorkerOptions {
  readonly queue: PoolQueue;
  readonly group: GroupKey;
  readonly self: WorkerSelf;
  readonly allowed: Allowed;
  readonly code: WorkerCode;
  readonly services: OwnServices;
  readonly journal: Journal;
  readonly concurrency: number;
  /** How often what is there is put where it is safe, in milliseconds. */
  readonly checkpointMs: number;
  readonly log: Logger;
  /** Called when a job is at work no more. */
  readonly onDone?: () => void;
}

/** Takes work from a pool, and has the service of its own do it. */
export class PoolWorker {
  readonly #options: PoolWorkerOptions;
  readonly #cleaning: Cleaning;
  readonly #draining = new AbortController();
  #serving: Serving | undefined;

  constructor(options: PoolWorkerOptions) {
    this.#options = options;
    this.#cleaning = new Cleaning(options);
  }

  /** How many jobs it has at the moment. */
  get leased(): number {
    return this.#serving?.leased ?? 0;
  }

  /** Begins to take work. @throws when the pool cannot be reached. */
  async start(): Promise<void> {
    const {queue, self, allowed, group, concurrency, journal} = this.#options;
    const {owners, repositories} = allowed;
    await this.#cleaning.tidy();
    await journal.tidy(await queue.now());
    const isPlain = repositories !== 'all' && repositories.every((name) => !name.includes('*'));
    this.#serving = await queue.serve(self, {
      owners,
      concurrency,
      // Which repositories a pattern means is known only when a job is opened.
      routes: isPlain ? repositories.map((name) => group.route(name)) : 'all',
      lease: (lease) => this.#work(lease),
      answer: (question) => presence(question, this.#options),
    });
  }

  /**
   * Takes no more, hands back what has not begun, and waits for what has.
   * @returns true where all of it has ended in time.
   */
  async drain(ms: number): Promise<boolean> {
    const drained = this.#serving?.drain() ?? Promise.resolve();
    this.#draining.abort(new Error('the worker ends'));
    return withTimeout(
      ms,
      drained.then(() => true),
      false,
    );
  }

  /** Resolves when it has no work any more. To be called after its service was closed. */
  async close(): Promise<void> {
    await this.#serving?.drain();
    await this.#cleaning.close();
  }

  async #work(lease: Lease): Promise<void> {
    const {queue, group, log, onDone} = this.#options;
    const mail = new Mail(lease.job.id, {queue, group, owner: lease.job.owner});
    try {
      const order = await this.#admitted(lease);
      if (order instanceof Refusal) {
        log.warn(`${lease.job.id} is refused: ${order.message}`);
        await reached(() => lease.giveResult(mail.sealedResult(refusedResult(order.message))));
        return;
      }
      log.info(`${lease.job.id} of ${lease.job.owner} is taken`);
      await this.#cleaning.taken(lease.job.id);
      const service = this.#options.services.of(lease.job);
      const draining = this.#draining.signal;
      await new Assignment({...this.#options, lease, order, mail, service, draining}).run();
      log.info(`${lease.job.id} is at work no more`);
      await this.#cleaning.after(lease.job.id);
    } catch (error) {
      log.error(`${lease.job.id}: ${messageOf(error)}`);
      throw error;
    } finally {
      onDone?.();
    }
  }

  async #admitted({job}: Lease): Promise<WorkOrder | Refusal> {
    const {queue, group, allowed, journal} = this.#options;
    try {
      const now = await reached(() => queue.now());
      const order = admitted(job, {group, allowed, now});
      return (await journal.begin(job)) ? order : new Refusal(BEGUN_BEFORE);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }
}
