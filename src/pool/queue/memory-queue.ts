import {setTimeout as pause} from 'node:timers/promises';
import {FileMissing, JobOver, PoolUnreachable} from './errors.ts';
import type {MemoryJob} from './memory-job.ts';
import {type MemoryHome, MemoryWorker} from './memory-worker.ts';
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
} from './queue.ts';

/** The pool as its machines know it. */
export interface MemoryJobs extends MemoryHome {
  at(id: string): MemoryJob;
  jobs(owner: string): readonly PoolEntry[];
  cards(): readonly WorkerCard[];
  worker(name: string): MemoryWorker | undefined;
  enter(worker: MemoryWorker): void;
}

/** What one machine has of a {@link MemoryPool}. Can be cut off. */
export class MemoryQueue implements PoolQueue {
  readonly #pool: MemoryJobs;
  readonly #closing = new Set<() => unknown>();
  readonly #looks = new Set<() => void>();
  #isCut = false;

  constructor(pool: MemoryJobs) {
    this.#pool = pool;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Until {@link rejoin}, this machine does not reach the pool. */
  cut(): void {
    this.#isCut = true;
  }

  rejoin(): void {
    this.#isCut = false;
    for (const look of [...this.#looks]) look();
    this.#pool.offer();
  }

  /** @throws PoolUnreachable while it is cut off. */
  reached(): void {
    if (this.#isCut) throw new PoolUnreachable('The pool cannot be reached.');
  }

  async submit(job: PoolJob): Promise<void> {
    const kept = this.#at(job.id);
    if (kept.isOver) throw new JobOver(job.id);
    if (kept.job !== undefined) return;
    if (job.notAfter <= Date.now()) throw new JobOver(job.id);
    kept.submitted(job);
    this.#pool.offer();
  }

  async standing(id: string): Promise<JobStanding> {
    return this.#at(id).standing;
  }

  async withdraw(id: string): Promise<boolean> {
    const kept = this.#at(id);
    if (kept.isOver) return true;
    if (kept.standing.is !== 'waiting' && kept.standing.is !== 'unknown') return false;
    kept.end();
    return true;
  }

  async post(id: string, to: Reader, body: Uint8Array): Promise<void> {
    const kept = this.#at(id);
    if (kept.job === undefined || kept.isOver) throw new JobOver(id);
    kept.post(to, body);
  }

  async receive(id: string, at: Reader, after: number, take: (letter: Letter) => void): Promise<Listening> {
    let last = after;
    return this.#listen(id, (kept) => {
      for (const letter of kept.lettersAfter(last, at)) {
        last = letter.number;
        take(letter);
      }
    });
  }

  async changed(id: string, notice: (standing: JobStanding) => void): Promise<Listening> {
    let told: JobStanding | undefined;
    return this.#listen(id, ({standing}) => {
      if (standing === told) return;
      told = standing;
      notice(standing);
    });
  }

  async putFile(id: string, name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#at(id).isOver) throw new JobOver(id);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) {
      this.reached();
      chunks.push(chunk);
    }
    const kept = this.#at(id);
    if (kept.isOver) throw new JobOver(id);
    kept.files.set(name, Buffer.concat(chunks));
  }

  async *getFile(id: string, name: string): AsyncIterable<Uint8Array> {
    const file = this.#at(id).files.get(name);
    if (file === undefined) throw new FileMissing(id, name);
    yield file;
  }

  async forget(id: string, note?: Uint8Array): Promise<void> {
    const kept = this.#at(id);
    if (!kept.isOver) kept.end(note);
  }

  async job(id: string): Promise<PoolJob | undefined> {
    const {job, isOver} = this.#at(id);
    return isOver ? undefined : job;
  }

  async jobs(owner: string): Promise<readonly PoolEntry[]> {
    this.reached();
    return this.#pool.jobs(owner);
  }

  async serve(self: WorkerSelf, options: ServingOptions): Promise<Serving> {
    this.reached();
    const worker = new MemoryWorker({home: this.#pool, machine: this, self, options});
    this.#pool.enter(worker);
    this.#closing.add(() => this.#pool.leave(worker));
    return worker;
  }

  async workers(): Promise<readonly WorkerCard[]> {
    this.reached();
    return this.#pool.cards();
  }

  async ask(question: PoolQuestion, withinMs: number): Promise<Uint8Array | undefined> {
    this.reached();
    const answer = this.#pool.worker(question.worker)?.answered(question);
    if (answer !== undefined) return answer;
    await pause(withinMs);
    return undefined;
  }

  async now(): Promise<number> {
    this.reached();
    return Date.now();
  }

  async close(): Promise<void> {
    for (const close of this.#closing) close();
    this.#closing.clear();
  }

  #at(id: string): MemoryJob {
    this.reached();
    return this.#pool.at(id);
  }

  #listen(id: string, tell: (kept: MemoryJob) => void): Listening {
    const kept = this.#at(id);
    const look = () => {
      if (!this.#isCut) tell(kept);
    };
    const unlisten = kept.listen(look);
    const close = () => {
      unlisten();
      this.#looks.delete(look);
      this.#closing.delete(close);
    };
    this.#looks.add(look);
    this.#closing.add(close);
    look();
    return {close: async () => close()};
  }
}
