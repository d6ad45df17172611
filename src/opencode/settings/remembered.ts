import type {BigIntStats} from 'node:fs';

/** More than any configuration has; what was found first is forgotten first. */
const KEPT = 20_000;
/** A file that was changed this recently can change again without another time of its last change. */
const UNSETTLED_MS = 2_000;

/** Remembers what was found out about files and folders, each until it changes. */
export class Remembered<T> {
  readonly #known = new Map<string, {version: string; value: T}>();

  /** What is known of the path, or what `find` says, which is then known. */
  get(path: string, stats: BigIntStats, find: () => T): T {
    const version = changeOf(stats);
    const known = this.#known.get(path);
    if (known?.version === version) return known.value;
    const value = find();
    this.#known.delete(path);
    const changedAt = Math.max(Number(stats.mtimeMs), Number(stats.ctimeMs));
    if (Date.now() - changedAt > UNSETTLED_MS) this.#keep(path, {version, value});
    return value;
  }

  #keep(path: string, found: {version: string; value: T}): void {
    this.#known.set(path, found);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Changes when the file or folder does. The time of the last change (`ctime`) cannot be set by who writes to it. */
export function changeOf({dev, ino, size, mtimeNs, ctimeNs}: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
