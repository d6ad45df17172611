import type {Logger} from '../log.ts';
import type {AskPolicy} from './ask.ts';
import type {AlsoChanged, Delegation} from './delegation.ts';
import {messageOf} from './errors.ts';
import {execute} from './execution.ts';
import type {LiveDelegation} from './live.ts';
import {NO_PRODUCT, type Runner} from './ports.ts';
import {type LaneLimits, Queue, type Waiting} from './queue.ts';
import type {Worktrees} from './worktree.ts';
import {Writers} from './writers.ts';

export interface DispatchOptions {
  readonly runner: Runner;
  readonly worktrees: Worktrees;
  readonly log: Logger;
  readonly now: () => number;
  /** How many run at once in all. */
  readonly concurrency: number;
  /** How many of one provider or model run at once; by default, as many as of all. */
  readonly limits?: LaneLimits;
  /** Whether those that can write in the same directory run one after the other. Default: they do not. */
  readonly serialWriters?: boolean;
  /** What becomes of permission requests and questions. */
  readonly asking: AskPolicy;
  /** Called when a delegation that has ended turns out to have changed what another one changes too. */
  readonly onAlsoChanged: (delegation: Delegation, alsoChanged: readonly AlsoChanged[]) => void;
}

/** Gets delegations run, each when it is its turn. */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #queue: Queue;
  readonly #writers: Writers;

  constructor(options: DispatchOptions) {
    const {concurrency, limits = new Map(), now, serialWriters = false, onAlsoChanged} = options;
    this.#options = options;
    this.#writers = new Writers({isSerial: serialWriters, amend: onAlsoChanged});
    this.#queue = new Queue({concurrency, limits, now, waitsFor: (live) => this.#writers.waitsFor(live)});
  }

  /** Queues it, and runs it when its turn has come. Every fault becomes its end. */
  add(live: LiveDelegation): void {
    this.#writers.join(live);
    const work = this.#queue.add(live, () =>
      execute(live, {
        ...this.#options,
        writers: this.#writers,
        rateLimited: (model, until) => this.#queue.rateLimited(model, until),
      }),
    );
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

  /** What whoever has just delegated it should know, in whole sentences. */
  notesFor(live: LiveDelegation): readonly string[] {
    return this.#writers.notesFor(live);
  }

  /** Why it has not started; `undefined` when it does not wait. */
  waiting(live: LiveDelegation): Waiting | undefined {
    return this.#queue.waiting(live);
  }

  /** Resolves when nothing waits and nothing runs. */
  onIdle(): Promise<void> {
    return this.#queue.onIdle();
  }
}
