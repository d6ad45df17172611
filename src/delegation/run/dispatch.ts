import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {LiveDelegation} from '../live/live.ts';
import type {AlsoChanged, Delegation} from '../model/delegation.ts';
import {NO_PRODUCT} from '../model/run.ts';
import type {Waiting} from '../model/waiting.ts';
import {executeAfar} from './afar.ts';
import {execute} from './execution.ts';
import type {Limits} from './limits.ts';
import {type LaneLimits, Queue} from './queue.ts';
import {stopRun} from './stopping.ts';
import {Writers} from './writers.ts';

/** So many ends are written at once. */
const BATCH = 50;

export interface DispatchOptions {
  readonly log: Logger;
  readonly now: () => number;
  /** How many run at once in all. */
  readonly concurrency: number;
  /** How many of one provider or model run at once; by default, as many as of all. */
  readonly limits?: LaneLimits;
  /** Called when a delegation that has ended turns out to have changed what another one changes too. */
  readonly onAlsoChanged: (delegation: Delegation, alsoChanged: readonly AlsoChanged[]) => void;
  readonly limiting: Limits;
}

/** Gets delegations run, each when it is its turn. */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #queue: Queue;
  readonly #writers: Writers;
  /** What runs elsewhere, and takes no place in the queue. */
  readonly #afar = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: DispatchOptions) {
    const {concurrency, limits = new Map(), now, onAlsoChanged} = options;
    this.#options = options;
    this.#writers = new Writers({amend: onAlsoChanged});
    this.#queue = new Queue({concurrency, limits, now, waitsFor: (live) => this.#writers.waitsFor(live)});
  }

  /** Queues it, and runs it when its turn has come. Every fault becomes its end. */
  add(live: LiveDelegation): void {
    if (this.#isClosed) {
      if (live.environment.where === undefined) stopRun(live, 'interrupted');
      else live.leave();
      return;
    }
    this.#writers.track(live);
    const options = {...this.#options, writers: this.#writers, limits: this.#options.limiting};
    const work =
      live.environment.where === undefined
        ? this.#queue.add(live, () =>
            execute(live, {
              ...options,
              rateLimited: (model, until) => this.#queue.rateLimited(model, until),
            }),
          )
        : this.#elsewhere(() => executeAfar(live, options));
    if (live.record.state.status === 'queued') void live.save();
    work.catch((error: unknown) => {
      this.#options.log.error(`${live.record.id}: ${messageOf(error)}`);
      return live.end({
        outcome: 'error',
        product: NO_PRODUCT,
        error: `A fault in opencode-delegate: ${messageOf(error)}`,
      });
    });
  }

  /**
   * Ends those that are open as `interrupted`: what runs, and what waits, which never starts. What runs elsewhere goes on
   * there, and is left to the next process. Resolves when all ends are stored, or could not be, and all sessions have stopped.
   */
  async close(all: readonly LiveDelegation[]): Promise<void> {
    this.#isClosed = true;
    this.#queue.close();
    const afar = all.filter(({environment}) => environment.where !== undefined);
    for (const live of afar) live.leave();
    const open = all.filter((live) => !afar.includes(live));
    const running = open.filter(({record}) => record.state.status === 'running');
    for (const live of running) stopRun(live, 'interrupted');
    const waiting = open.filter((live) => !running.includes(live));
    // A disk writes thousands no faster at once, and anyone who runs has to get its turn.
    for (let n = 0; n < waiting.length; n += BATCH) {
      const batch = waiting.slice(n, n + BATCH);
      for (const live of batch) stopRun(live, 'interrupted');
      await Promise.all(batch.map((live) => live.ended));
    }
    await Promise.all(running.map((live) => live.ended));
    await this.#queue.onIdle();
    await Promise.allSettled(this.#afar);
  }

  #elsewhere(run: () => Promise<void>): Promise<void> {
    const work = run().finally(() => this.#afar.delete(work));
    this.#afar.add(work);
    return work;
  }

  /** What anyone who has just delegated it should know, in whole sentences. */
  notesFor(live: LiveDelegation): readonly string[] {
    return this.#writers.notesFor(live);
  }

  /** Why it has not started; `undefined` when it does not wait. */
  waiting(live: LiveDelegation): Waiting | undefined {
    return live.environment.where === undefined ? this.#queue.waiting(live) : live.agent?.waiting?.();
  }
}
