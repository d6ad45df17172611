const NEWLINE = 0x0a;

/** A whole line with its newline, or notice of one that was dropped because it was too long. */
export type Line = {readonly bytes: Buffer} | {readonly tooLong: true};

/**
 * Splits a stream of bytes into lines, unchanged. A line that grows over the limit is reported once, at that
 * moment, and skipped to its end, so that what is held is never more than the limit and one chunk.
 */
export class Lines {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #held = 0;
  #isSkipping = false;

  constructor({maxBytes}: {maxBytes: number}) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#complete(chunk.subarray(start, end + 1));
      if (line !== undefined) lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length && this.#hold(chunk.subarray(start))) lines.push({tooLong: true});
    return lines;
  }

  #complete(last: Buffer): Line | undefined {
    const bytes = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    const wasSkipping = this.#isSkipping;
    this.#forget();
    if (wasSkipping) return undefined;
    return bytes.length > this.#maxBytes ? {tooLong: true} : {bytes};
  }

  /** True when the line has just become too long. */
  #hold(part: Buffer): boolean {
    if (this.#isSkipping) return false;
    this.#held += part.length;
    this.#parts.push(part);
    if (this.#held <= this.#maxBytes) return false;
    this.#forget();
    this.#isSkipping = true;
    return true;
  }

  #forget(): void {
    this.#parts = [];
    this.#held = 0;
    this.#isSkipping = false;
  }
}
