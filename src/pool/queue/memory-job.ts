import type {JobStanding, Letter, PoolJob, Reader} from './queue.ts';

/** What the memory pool keeps of one job. */
export class MemoryJob {
  job: PoolJob | undefined;
  standing: JobStanding = {is: 'unknown'};
  /** The number of the lease that counts; every other one is lost. */
  fence = 0;
  /** Nothing but a note is left of it. */
  isOver = false;
  readonly files = new Map<string, Uint8Array>();
  readonly #letters: Readonly<Record<Reader, Letter[]>> = {worker: [], owner: []};
  readonly #listeners = new Set<() => void>();
  #late: NodeJS.Timeout | undefined;

  submitted(job: PoolJob): void {
    this.job = job;
    this.becomes({is: 'waiting'});
    this.#late = setTimeout(() => this.endIfLate(), Math.min(job.notAfter - Date.now(), 2 ** 31 - 1)).unref();
  }

  /** @returns whether it has become too late to begin it. */
  endIfLate(): boolean {
    if (this.standing.is !== 'waiting' || this.job === undefined || this.job.notAfter > Date.now())
      return false;
    this.becomes({is: 'lost', worker: undefined, why: 'no worker began it in time'});
    return true;
  }

  /** Changes how it stands, and tells those who listen. */
  becomes(standing: JobStanding): void {
    if (standing.is !== 'waiting') clearTimeout(this.#late);
    this.standing = standing;
    this.#tell();
  }

  post(to: Reader, body: Uint8Array): void {
    this.#letters[to].push({number: this.#letters[to].length + 1, body});
    this.#tell();
  }

  lettersAfter(number: number, at: Reader): readonly Letter[] {
    return this.#letters[at].slice(number);
  }

  /** Leaves nothing but a note. */
  end(note?: Uint8Array): void {
    this.isOver = true;
    this.fence++;
    this.files.clear();
    this.#letters.worker.length = 0;
    this.#letters.owner.length = 0;
    this.becomes({is: 'unknown', ...(note !== undefined && {note})});
  }

  /** Calls at each change. Returns what stops that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
