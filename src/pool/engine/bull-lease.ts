import {LeaseLost} from '../queue/errors.ts';
import type {Lease, PoolJob} from '../queue/queue.ts';
import {type Desk, laneOf} from './desk.ts';
import {inWords, isLost} from './faults.ts';
import type {LeaseLines} from './lease-lines.ts';

/** Why a job is lost whose worker has let go of it. */
const LET_GO = 'its worker let go of it without a result';

/** One lease: a lock of BullMQ under a token, and the claim at the desk. */
export class BullLease implements Lease {
  readonly job: PoolJob;
  readonly token: string;
  readonly lane: string;
  /** When the database has last confirmed it, by a clock that also counts while the process is frozen. */
  renewedAt = Date.now();
  readonly #desk: Desk;
  readonly #lines: LeaseLines;
  readonly #lost = new AbortController();
  #isSettled = false;
  #given: Uint8Array | undefined;

  constructor(given: {desk: Desk; lines: LeaseLines; job: PoolJob; token: string}) {
    this.#desk = given.desk;
    this.#lines = given.lines;
    this.job = given.job;
    this.token = given.token;
    this.lane = laneOf(given.job);
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether it still is to be renewed. */
  get isHeld(): boolean {
    return !this.#isSettled && !this.#lost.signal.aborted;
  }

  /** It cannot be kept. */
  lose(): void {
    if (!this.#isSettled) this.#lost.abort(new LeaseLost(this.job.id));
  }

  async giveResult(body: Uint8Array): Promise<void> {
    if (this.#isSettled) {
      if (this.#given !== undefined && Buffer.compare(this.#given, body) === 0) return;
      throw new LeaseLost(this.job.id);
    }
    const {id} = this.job;
    // The work was stopped for that, so that this is the result of no work: nobody may take it for one.
    if (this.#lost.signal.aborted) throw new LeaseLost(id);
    await inWords(() => this.#desk.keepResult(id, this.token, body));
    await this.#complete();
    this.#isSettled = true;
    this.#given = body;
    await this.#touch();
  }

  async handBack(): Promise<void> {
    const {id} = this.job;
    if (this.#isSettled || this.#lost.signal.aborted) throw new LeaseLost(id);
    const lost = await inWords(() => this.#lines.renew(this.lane, [{id, token: this.token}]));
    if (lost.length > 0) throw this.#asLost();
    await inWords(async () => {
      await this.#desk.unclaim(id, this.token);
      await this.#lines.putBack(this.lane, id, this.token);
      await this.#desk.announce(this.lane);
    });
    this.#isSettled = true;
  }

  /** The work is over: what has no result by now has none. Never rejects. */
  async letGo(): Promise<void> {
    if (this.#isSettled) return;
    try {
      await this.#lines.fail(this.lane, this.job.id, this.token, LET_GO);
      await this.#touch();
    } catch {
      // Lost already, or it will be when nobody renews it.
    }
    this.#isSettled = true;
  }

  /** An earlier attempt may have reached the end though its answer did not come. */
  async #complete(): Promise<void> {
    const {id} = this.job;
    try {
      await inWords(() => this.#lines.complete(this.lane, id, this.token));
    } catch (error) {
      if (!isLost(error)) throw error;
      const state = await inWords(() => this.#lines.state(this.lane, id));
      const isComplete = typeof state === 'object' && 'completedAt' in state;
      if (!isComplete || !(await this.#isClaimed())) throw this.#asLost();
    }
  }

  async #isClaimed(): Promise<boolean> {
    const known = await inWords(() => this.#desk.find(this.job.id));
    return known?.claim === this.token && !known.isOver;
  }

  #asLost(): LeaseLost {
    this.lose();
    return new LeaseLost(this.job.id);
  }

  /** Whoever watches finds out without it as well, later. */
  async #touch(): Promise<void> {
    await this.#desk.touch(this.job.id, true).catch(() => {});
  }
}
