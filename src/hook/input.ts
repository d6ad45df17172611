import {fstatSync, read} from 'node:fs';
import {withTimeout} from '../base/with-timeout.ts';
import type {Input} from './clients/protocol.ts';
import {ObjectEnd} from './object-end.ts';

/** A prompt may be long; what is longer than this is none. */
const MAX_BYTES = 16 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
/** A pipe that does not make its readers wait is looked at again after this. */
const AGAIN_MS = 5;

/**
 * The JSON that a client gives to its hook. It is read from the file descriptor: to load Node's streams takes a quarter of
 * the time that Node itself takes to start, and a prompt waits for all of it.
 */
export class HookInput {
  readonly #fd: number;
  #isReading = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** True while a thread waits for input. Nothing can call it back, and `process.exit` would wait for it. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /**
   * It is taken when it is complete, and not only when stdin ends: some clients leave it open. `undefined` where there is
   * none within the time, in milliseconds.
   */
  async read(patienceMs: number): Promise<Input | undefined> {
    // A person at a terminal gives none.
    if (isTerminal(this.#fd)) return undefined;
    return withTimeout(patienceMs, this.#object(), undefined);
  }

  async #object(): Promise<Input | undefined> {
    const pieces: Buffer[] = [];
    const end = new ObjectEnd();
    let length = 0;
    for (;;) {
      const piece = await this.#piece();
      if (piece === undefined) break;
      pieces.push(piece);
      length += piece.length;
      if (length > MAX_BYTES) return undefined;
      if (end.isIn(piece)) break;
    }
    return objectIn(Buffer.concat(pieces).toString());
  }

  /** What comes next; `undefined` where nothing more does. */
  #piece(): Promise<Buffer | undefined> {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    return new Promise((resolve) => {
      const attempt = (): void => {
        this.#isReading = true;
        read(this.#fd, buffer, 0, PIECE_BYTES, null, (error, size) => {
          this.#isReading = false;
          if (error?.code === 'EAGAIN') setTimeout(attempt, AGAIN_MS);
          else resolve(error === null && size > 0 ? buffer.subarray(0, size) : undefined);
        });
      };
      attempt();
    });
  }
}

function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    // It is closed: to read from it says so.
    return false;
  }
}

function objectIn(text: string): Input | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Input)
      : undefined;
  } catch {
    return undefined;
  }
}
