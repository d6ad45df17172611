import {appendFileSync, mkdirSync, renameSync, statSync} from 'node:fs';
import {dirname} from 'node:path';

/** Weeks of what a host has to say; with the file before it, the log never takes more than twice this. */
const MAX_BYTES = 5 * 1024 * 1024;

export interface LogFileOptions {
  readonly path: string;
  readonly maxBytes?: number;
}

/**
 * Appends to a file for the user alone. A log that cannot be written must not end what is logged about, so
 * that nothing here ever throws.
 */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;

  constructor({path, maxBytes = MAX_BYTES}: LogFileOptions) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** Writes one record. Hosts of other data folders write to the same file, each record whole. */
  write(line: string): void {
    try {
      const stats = statSync(this.#path, {throwIfNoEntry: false});
      if (stats === undefined) mkdirSync(dirname(this.#path), {recursive: true, mode: 0o700});
      // To open a pipe would be to wait for the one who reads it.
      if (stats?.isFIFO()) return;
      const size = stats?.size ?? 0;
      if (size > 0 && size + Buffer.byteLength(line) > this.#maxBytes) {
        renameSync(this.#path, `${this.#path}.1`);
      }
      appendFileSync(this.#path, line, {mode: 0o600});
    } catch {
      // There is nowhere left to say so: a host has no terminal.
    }
  }
}
