import {MemoryJob} from './memory-job.ts';
import {MemoryQueue} from './memory-queue.ts';
import type {MemoryWorker} from './memory-worker.ts';
import type {PoolEntry, WorkerCard} from './queue.ts';

/** A pool in the memory of one process: what tests use in place of a database. */
export class MemoryPool {
  readonly #jobs = new Map<string, MemoryJob>();
  readonly #workers = new Set<MemoryWorker>();

  /** A machine of the pool. */
  connect(): MemoryQueue {
    return new MemoryQueue(this);
  }

  /** As if the job's worker had not renewed its lease in time. */
  loseLease(id: string): void {
    const kept = this.at(id);
    if (kept.standing.is !== 'leased') return;
    kept.fence++;
    kept.becomes({is: 'lost', worker: kept.standing.worker, why: 'its lease was not renewed in time'});
  }

  at(id: string): MemoryJob {
    const kept = this.#jobs.get(id) ?? new MemoryJob();
    this.#jobs.set(id, kept);
    return kept;
  }

  jobs(owner: string): readonly PoolEntry[] {
    return [...this.#jobs.values()].flatMap(({job, isOver, standing: {is}}): PoolEntry[] => {
      if (job?.owner !== owner || isOver) return [];
      return [{id: job.id, route: job.route, stands: is === 'waiting' || is === 'leased' ? is : 'ended'}];
    });
  }

  cards(): readonly WorkerCard[] {
    return [...this.#workers].map(({card}) => card);
  }

  worker(name: string): MemoryWorker | undefined {
    return [...this.#workers].find(({card}) => card.name === name);
  }

  enter(worker: MemoryWorker): void {
    this.#workers.add(worker);
    this.offer();
  }

  leave(worker: MemoryWorker): void {
    this.#workers.delete(worker);
  }

  /** Gives what waits to those who have room for it. */
  offer(): void {
    for (const kept of this.#jobs.values()) {
      const {job, standing} = kept;
      if (job === undefined || standing.is !== 'waiting') continue;
      if (kept.endIfLate()) continue;
      [...this.#workers].find((worker) => worker.isFor(job))?.take(kept, job);
    }
  }
}
