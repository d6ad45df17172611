import {Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {FileMissing} from '../queue/errors.ts';
import type {
  JobStanding,
  Letter,
  Listening,
  PoolEntry,
  PoolJob,
  PoolQuestion,
  PoolQueue,
  Reader,
  Serving,
  ServingOptions,
  WorkerCard,
  WorkerSelf,
} from '../queue/queue.ts';
import {BullWorker, clockWords} from './bull-worker.ts';
import {type Desk, laneOf} from './desk.ts';
import {every, type Repeated} from './every.ts';
import {inWords} from './faults.ts';
import {inChunks} from './in-chunks.ts';
import {jobStandingOf, standingOfGone} from './job-standing-of.ts';
import type {LeaseLines} from './lease-lines.ts';
import {Questions} from './questions.ts';
import type {Times} from './times.ts';
import {Watches} from './watches.ts';

/** A worker that was not heard of for so long is not shown. */
const SHOWN_MS = 30_000;
/** How often what nobody has fetched is removed. */
const TIDY_MS = 600_000;

/** The queue over BullMQ, whatever its database. */
export class BullPool implements PoolQueue {
  readonly #desk: Desk;
  readonly #lines: LeaseLines;
  readonly #times: Times;
  readonly #log: Logger | undefined;
  readonly #release: () => Promise<void>;
  readonly #questions: Questions;
  readonly #watches: Watches;
  readonly #workers = new Set<BullWorker>();
  readonly #lanes = new Map<string, string>();
  readonly #repeated: readonly Repeated[];
  #listening: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(given: {
    desk: Desk;
    lines: LeaseLines;
    times: Times;
    log?: Logger | undefined;
    release: () => Promise<void>;
  }) {
    const {desk, lines, times} = given;
    this.#desk = desk;
    this.#lines = lines;
    this.#times = times;
    this.#log = given.log;
    this.#release = given.release;
    this.#questions = new Questions(desk);
    this.#watches = new Watches({desk, pollMs: times.pollMs, lookMs: times.sweepMs});
    this.#repeated = [every(times.sweepMs, () => this.#sweep()), every(TIDY_MS, () => this.#tidy())];
  }

  async submit(job: PoolJob): Promise<void> {
    await inWords(async () => {
      await this.#desk.enter(job);
      await this.#lines.add(job);
      await this.#desk.announce(laneOf(job));
    });
  }

  async standing(id: string): Promise<JobStanding> {
    return inWords(async () => {
      const known = await this.#desk.find(id);
      if (known === undefined || known.isOver) return standingOfGone(known);
      const lane = laneOf(known.job);
      this.#lanes.set(id, lane);
      const line = await this.#lines.state(lane, id);
      const standing = jobStandingOf(known, line);
      if (standing.is !== 'returned' || known.result !== undefined) return standing;
      // It was given between the two questions.
      const now = await this.#desk.find(id);
      return now === undefined || now.isOver ? standingOfGone(now) : jobStandingOf(now, line);
    });
  }

  async withdraw(id: string): Promise<boolean> {
    return inWords(async () => {
      const known = await this.#desk.find(id);
      if (!(await this.#desk.withdraw(id))) return false;
      if (known !== undefined && !known.isOver) await this.#lines.remove(laneOf(known.job), id);
      return true;
    });
  }

  async post(id: string, to: Reader, body: Uint8Array): Promise<void> {
    await inWords(() => this.#desk.post(id, to, body));
  }

  async receive(id: string, at: Reader, after: number, take: (letter: Letter) => void): Promise<Listening> {
    let last = after;
    let isOpen = true;
    const listening = await inWords(() =>
      this.#watches.add(id, async (counts) => {
        while (isOpen && counts !== undefined && counts[at] > last) {
          const letters = await this.#desk.letters(id, at, last);
          if (letters.length === 0) return;
          for (const letter of letters) {
            if (!isOpen) return;
            last = letter.number;
            take(letter);
          }
        }
      }),
    );
    return {
      close: () => {
        isOpen = false;
        return listening.close();
      },
    };
  }

  async changed(id: string, notice: (standing: JobStanding) => void): Promise<Listening> {
    let told: string | undefined;
    let isOpen = true;
    const listening = await inWords(() =>
      this.#watches.add(id, async () => {
        const standing = await this.standing(id);
        const now = JSON.stringify({...standing, result: undefined, note: undefined});
        if (!isOpen || now === told) return;
        told = now;
        notice(standing);
      }),
    );
    return {
      close: () => {
        isOpen = false;
        return listening.close();
      },
    };
  }

  async putFile(id: string, name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const upload = await inWords(() => this.#desk.upload(id, name));
    try {
      for await (const chunk of inChunks(content)) await inWords(() => upload.add(chunk));
      await inWords(() => upload.finish());
    } catch (error) {
      // What cannot be removed now is removed when it is old.
      await upload.drop().catch(() => {});
      throw error;
    }
  }

  async *getFile(id: string, name: string): AsyncIterable<Uint8Array> {
    const chunks = await inWords(() => this.#desk.download(id, name));
    if (chunks === undefined) throw new FileMissing(id, name);
    const each = chunks[Symbol.asyncIterator]();
    for (;;) {
      const next = await inWords(() => each.next());
      if (next.done) return;
      yield next.value;
    }
  }

  async forget(id: string, note?: Uint8Array): Promise<void> {
    await inWords(async () => {
      const known = await this.#desk.find(id);
      if (known === undefined) return;
      await this.#desk.forget(id, note);
      await this.#lines.remove(laneOf(known.job), id);
    });
  }

  async job(id: string): Promise<PoolJob | undefined> {
    const known = await inWords(() => this.#desk.find(id));
    return known === undefined || known.isOver ? undefined : known.job;
  }

  async jobs(owner: string): Promise<readonly PoolEntry[]> {
    return inWords(() => this.#desk.ofOwner(owner));
  }

  async serve(self: WorkerSelf, options: ServingOptions): Promise<Serving> {
    const skew = this.#desk.goesByOurClock ? (await this.now()) - Date.now() : 0;
    if (Math.abs(skew) >= this.#times.skewMs) throw new Refusal(clockWords(skew));
    await this.#listen();
    const [desk, lines, watches] = [this.#desk, this.#lines, this.#watches];
    const worker = new BullWorker({desk, lines, watches, times: this.#times, log: this.#log, self, options});
    this.#workers.add(worker);
    await inWords(() => worker.start());
    return worker;
  }

  async workers(): Promise<readonly WorkerCard[]> {
    return inWords(() => this.#desk.cards(SHOWN_MS));
  }

  async ask(question: PoolQuestion, withinMs: number): Promise<Uint8Array | undefined> {
    return inWords(() => this.#questions.ask(question, withinMs));
  }

  async now(): Promise<number> {
    return inWords(() => this.#desk.now());
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  /** Only workers need a connection that hears of work. */
  async #listen(): Promise<void> {
    const arrived = () => {
      for (const worker of this.#workers) worker.arrived();
    };
    this.#listening ??= inWords(() => this.#desk.listen(arrived));
    try {
      await this.#listening;
    } catch (error) {
      this.#listening = undefined;
      throw error;
    }
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
    await Promise.all(this.#repeated.map((each) => each.stop()));
    await this.#watches.close();
    await this.#release();
  }

  /** Owners look after the jobs that they wait for, and workers after all. */
  async #sweep(): Promise<void> {
    const watched = this.#watches.ids.flatMap((id) => this.#lanes.get(id) ?? []);
    const leased = this.#workers.size > 0 ? (await this.#desk.lanes('leased')).map(({name}) => name) : [];
    for (const lane of new Set([...watched, ...leased])) {
      for (const id of await this.#lines.sweep(lane)) await this.#desk.touch(id, true);
    }
  }

  async #tidy(): Promise<void> {
    if (this.#workers.size === 0) return;
    for (const {id} of await this.#desk.tidy(this.#times.keepMs)) await this.forget(id);
  }
}
