/** What hardly changes any more is looked at only this often. */
const FULL_SCAN_MS = 60_000;

/**
 * Every answer asks for a look at the folder, and every write changes it: so looks at it are so far apart that they
 * take at most a twentieth of the time, a look at one file taking 10 µs. What other processes write is seen this much
 * later at the most; what this process writes is known at once in any case.
 */
const REST_PER_FILE_MS = 0.2;
const LONGEST_REST_MS = 250;
/** Looks at fewer files take no time that matters. */
const MANY_FILES = 50;
/** So many files are looked at within milliseconds, for the first time as well. */
export const FEW_FILES = 200;
/** Anyone who asks so soon after a look at more files than that does not wait for the next one. */
const FRESH_MS = 500;

/** When a folder is looked at again, and how closely. By a clock that nobody sets: an hour must not come in between. */
export class ScanPace {
  #restsUntil = Number.NEGATIVE_INFINITY;
  #fullAt: number | undefined;

  /** True until all files were looked at once. */
  get isFirst(): boolean {
    return this.#fullAt === undefined;
  }

  get rests(): boolean {
    return performance.now() < this.#restsUntil;
  }

  /** True when it is time to look at what hardly changes as well. */
  get isFullDue(): boolean {
    return this.#fullAt === undefined || performance.now() - this.#fullAt > FULL_SCAN_MS;
  }

  /** True where nobody need wait for a look at so many files, as there was one a moment ago. */
  isFresh(files: number): boolean {
    return files > FEW_FILES && performance.now() - this.#restsUntil < FRESH_MS;
  }

  /** So many files were looked at just now. */
  looked({files, isFull}: {files: number; isFull: boolean}): void {
    const now = performance.now();
    if (isFull) this.#fullAt = now;
    this.#restsUntil = now + (files < MANY_FILES ? 0 : Math.min(files * REST_PER_FILE_MS, LONGEST_REST_MS));
  }
}
