import {randomUUID} from 'node:crypto';
import type {Logger} from '../../base/log.ts';
import type {Serving, ServingOptions, WorkerCard, WorkerSelf} from '../queue/queue.ts';
import {BullLease} from './bull-lease.ts';
import type {Desk, PoolLane} from './desk.ts';
import {every, type Repeated} from './every.ts';
import {type LeaseLines, NOT_RENEWED} from './lease-lines.ts';
import {answerQuestions, isAsked, isQuestions} from './questions.ts';
import type {Times} from './times.ts';
import type {Watches} from './watches.ts';

/** Why nobody has begun a job. */
export const TOO_LATE = 'no worker began it in time';

/** So that many that come at once wake a thousand workers once. */
const GATHER_MS = 100;

interface Given {
  readonly desk: Desk;
  readonly lines: LeaseLines;
  readonly watches: Watches;
  readonly times: Times;
  readonly log?: Logger | undefined;
  readonly self: WorkerSelf;
  readonly options: ServingOptions;
}

/** Takes jobs, renews their leases, and says that it is there. */
export class BullWorker implements Serving {
  readonly #given: Given;
  readonly #leases = new Set<BullLease>();
  readonly #since = Date.now();
  readonly #repeated: readonly Repeated[];
  readonly #taking: Repeated;
  #isDraining = false;
  #isRight = true;
  #drained: Promise<void> | undefined;
  readonly #emptied: (() => void)[] = [];

  constructor(given: Given) {
    const {times} = given;
    this.#given = given;
    this.#taking = every(times.takeMs, () => this.#take(), GATHER_MS);
    this.#repeated = [
      this.#taking,
      every(times.renewMs, () => this.#renew()),
      every(times.cardMs, () => this.#showCard()),
    ];
  }

  get leased(): number {
    return this.#leases.size;
  }

  /** Says that it is there, and begins. */
  async start(): Promise<void> {
    await this.#showCard();
    this.#taking.now();
  }

  /** Something waits. */
  arrived(): void {
    this.#taking.now();
  }

  drain(): Promise<void> {
    this.#isDraining = true;
    this.#drained ??= this.#end();
    return this.#drained;
  }

  /** Takes and renews nothing more. */
  async stop(): Promise<void> {
    this.#isDraining = true;
    await Promise.all(this.#repeated.map((each) => each.stop()));
  }

  async #end(): Promise<void> {
    await this.#taking.stop();
    if (this.#leases.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
    await this.stop();
    await this.#given.desk.dropCard(this.#given.self.name).catch(() => {});
  }

  async #take(): Promise<void> {
    const {desk, options, self} = this.#given;
    const {answer} = options;
    // Also where there is no room for a job.
    if (answer !== undefined && isAsked(self.name, await desk.lanes('waiting')))
      await answerQuestions(desk, self.name, answer);
    const isFull = () => this.#isDraining || !this.#isRight || this.#leases.size >= options.concurrency;
    for (let hasMore = true; hasMore && !isFull(); ) {
      hasMore = false;
      const lanes = (await desk.lanes('waiting')).filter((lane) => this.#isServed(lane));
      // One of each line in turn, so that no owner waits for another one's hundred.
      for (const lane of shuffled(lanes)) {
        if (isFull()) return;
        if (await this.#takeOne(lane)) hasMore = true;
      }
    }
  }

  #isServed(lane: PoolLane): boolean {
    const {route, owner} = lane;
    const {routes, owners} = this.#given.options;
    const isIn = (list: readonly string[] | 'all', item: string) => list === 'all' || list.includes(item);
    return !isQuestions(lane) && isIn(routes, route) && isIn(owners, owner);
  }

  /** @returns whether the line had one. */
  async #takeOne({name}: PoolLane): Promise<boolean> {
    const {desk, lines, self} = this.#given;
    const token = `${self.name}/${randomUUID()}`;
    const taken = await lines.take(name, token);
    if (taken === undefined) return false;
    const {id} = taken;
    const claimed = taken.isStalled ? 'taken' : await desk.claim(id, token);
    if (claimed === 'claimed') {
      const known = await desk.find(id);
      if (known !== undefined && !known.isOver)
        this.#run(new BullLease({desk, lines, job: known.job, token}));
      return true;
    }
    if (claimed === 'over') {
      await lines.remove(name, id);
      return true;
    }
    await lines.fail(name, id, token, claimed === 'late' ? TOO_LATE : NOT_RENEWED);
    await desk.touch(id, true);
    return true;
  }

  #run(lease: BullLease): void {
    const {watches, options} = this.#given;
    this.#leases.add(lease);
    void this.#showCard();
    // The owner may forget a job that is worked at.
    const watching = watches.follow(lease.job.id, async () => {
      if ((await this.#given.desk.find(lease.job.id))?.isOver !== false) lease.lose();
    });
    void (async () => {
      await options.lease(lease).catch(() => {});
      await lease.letGo();
      await watching.close();
      this.#leases.delete(lease);
      void this.#showCard();
      if (this.#leases.size === 0) for (const resolve of this.#emptied.splice(0)) resolve();
      this.#taking.now();
    })();
  }

  async #renew(): Promise<void> {
    const {lines, times} = this.#given;
    const held = [...this.#leases].filter((lease) => lease.isHeld);
    for (const lease of held) {
      // Others may have taken it for lost by now, or will before an answer comes.
      if (Date.now() - lease.renewedAt >= times.leaseMs) lease.lose();
    }
    for (const lane of new Set(held.map((lease) => lease.lane))) {
      const leases = held.filter((lease) => lease.lane === lane);
      const askedAt = Date.now();
      const asked = leases.map((lease) => ({id: lease.job.id, token: lease.token}));
      const lost = await lines.renew(lane, asked).catch(() => undefined);
      for (const lease of leases) {
        if (lost?.includes(lease.job.id)) lease.lose();
        else if (lost !== undefined) lease.renewedAt = askedAt;
      }
    }
  }

  async #showCard(): Promise<void> {
    const {desk, self, options} = this.#given;
    const {name, host, version, opencode} = self;
    const card: WorkerCard = {
      ...{name, host, version, opencode, concurrency: options.concurrency},
      ...{routes: options.routes, owners: options.owners},
      ...{busy: this.#leases.size, since: this.#since},
    };
    if (this.#isDraining && this.#leases.size === 0) return;
    try {
      await desk.saveCard(card);
      if (desk.goesByOurClock) this.#compareClocks((await desk.now()) - Date.now());
    } catch {
      // It is said again at the next time.
    }
  }

  /** A worker with a wrong clock takes nothing more until it is right again. */
  #compareClocks(skewMs: number): void {
    const isRight = Math.abs(skewMs) < this.#given.times.skewMs;
    if (this.#isRight && !isRight)
      this.#given.log?.warn(`${clockWords(skewMs)} Nothing is taken until then.`);
    this.#isRight = isRight;
  }
}

/** Says how far this machine's clock is from the database's. */
export function clockWords(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const where = skewMs > 0 ? 'behind' : 'ahead of';
  return `This machine's clock is ${seconds} s ${where} the database's. Leases go by both: set the clock, for example with NTP.`;
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({item, place: Math.random()}))
    .sort((a, b) => a.place - b.place)
    .map(({item}) => item);
}
