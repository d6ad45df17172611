import {setImmediate as afterThis} from 'node:timers/promises';
import {LeaseLost} from './errors.ts';
import type {MemoryJob} from './memory-job.ts';
import type {Lease, PoolJob, PoolQuestion, Serving, ServingOptions, WorkerCard, WorkerSelf} from './queue.ts';

/** The pool as its workers know it. */
export interface MemoryHome {
  /** Something may have become free. */
  offer(): void;
  leave(worker: MemoryWorker): void;
}

/** The machine that a worker is on. */
interface Machine {
  readonly isCut: boolean;
  /** @throws PoolUnreachable while it is cut off. */
  reached(): void;
}

interface Given {
  readonly home: MemoryHome;
  readonly machine: Machine;
  readonly self: WorkerSelf;
  readonly options: ServingOptions;
}

/** A worker of a memory pool. */
export class MemoryWorker implements Serving {
  leased = 0;
  readonly #given: Given;
  readonly #since = Date.now();
  #isDraining = false;
  readonly #drained: (() => void)[] = [];

  constructor(given: Given) {
    this.#given = given;
  }

  get card(): WorkerCard {
    const {name, host, version, opencode} = this.#given.self;
    const {concurrency, routes, owners} = this.#given.options;
    const self = {name, host, version, opencode, routes, owners};
    return {...self, concurrency, busy: this.leased, since: this.#since};
  }

  isFor({route, owner}: PoolJob): boolean {
    const {routes, owners, concurrency} = this.#given.options;
    const isIn = (list: readonly string[] | 'all', item: string) => list === 'all' || list.includes(item);
    const isFree = !this.#isDraining && !this.#given.machine.isCut && this.leased < concurrency;
    return isFree && isIn(routes, route) && isIn(owners, owner);
  }

  /** `undefined` where it does not hear the question, or has no answer to any. */
  answered(question: PoolQuestion): Promise<Uint8Array> | undefined {
    return this.#given.machine.isCut ? undefined : this.#given.options.answer?.(question);
  }

  take(kept: MemoryJob, job: PoolJob): void {
    this.leased++;
    const fence = ++kept.fence;
    kept.becomes({is: 'leased', worker: this.#given.self.name, since: Date.now()});
    void this.#run(new MemoryLease({machine: this.#given.machine, kept, job, fence}));
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    if (this.leased > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
    this.#given.home.leave(this);
  }

  async #run(lease: MemoryLease): Promise<void> {
    await this.#given.options.lease(lease).catch(() => {});
    lease.letGo();
    this.leased--;
    if (this.leased === 0) for (const resolve of this.#drained.splice(0)) resolve();
    await afterThis();
    this.#given.home.offer();
  }
}

class MemoryLease implements Lease {
  readonly job: PoolJob;
  readonly #machine: Machine;
  readonly #kept: MemoryJob;
  readonly #fence: number;
  readonly #lost = new AbortController();
  readonly #unlisten: () => void;
  #given: Uint8Array | undefined;

  constructor(given: {machine: Machine; kept: MemoryJob; job: PoolJob; fence: number}) {
    this.#machine = given.machine;
    this.#kept = given.kept;
    this.job = given.job;
    this.#fence = given.fence;
    this.#unlisten = this.#kept.listen(() => {
      if (!this.#isMine && this.#given === undefined) this.#lost.abort(new LeaseLost(this.job.id));
    });
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  get #isMine(): boolean {
    return this.#kept.fence === this.#fence && this.#kept.standing.is === 'leased';
  }

  async giveResult(body: Uint8Array): Promise<void> {
    this.#machine.reached();
    if (this.#given !== undefined && Buffer.compare(this.#given, body) === 0) return;
    this.#check();
    this.#given = body;
    this.#kept.becomes({is: 'returned', at: Date.now(), result: body});
  }

  async handBack(): Promise<void> {
    this.#machine.reached();
    this.#check();
    this.#unlisten();
    this.#kept.fence++;
    this.#kept.becomes({is: 'waiting'});
  }

  /** The work is over: what has no result by now has none. */
  letGo(): void {
    this.#unlisten();
    const {standing} = this.#kept;
    if (!this.#isMine || standing.is !== 'leased') return;
    const why = 'its worker let go of it without a result';
    this.#kept.becomes({is: 'lost', worker: standing.worker, why});
  }

  #check(): void {
    if (!this.#isMine) throw new LeaseLost(this.job.id);
  }
}
