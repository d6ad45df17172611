const NEWLINE = 0x0a;

/** What is kept of each end of a line that is dropped. */
const EDGE_BYTES = 4_096;

/**
 * A whole line with its newline; notice of one that has become too long and is dropped; or, when such a line has come
 * to its end, how it begins and ends.
 */
export type Line =
  | {readonly bytes: Buffer}
  | {readonly tooLong: true}
  | {readonly skipped: {readonly head: Buffer; readonly tail: Buffer}};

/**
 * Splits a stream of bytes into lines, unchanged. A line that grows over the limit is reported once, at that
 * moment, and skipped to its end, so that what is held is never more than the limit and one chunk.
 */
export class Lines {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #held = 0;
  #isSkipping = false;
  /** Of the line that is being skipped. */
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);

  constructor({maxBytes}: {maxBytes: number}) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(...this.#complete(chunk.subarray(start, end + 1)));
      start = end + 1;
    }
    if (start < chunk.length && this.#hold(chunk.subarray(start))) lines.push({tooLong: true});
    return lines;
  }

  /** The last line, where the stream has ended without a newline. */
  end(): readonly Line[] {
    return this.#isSkipping || this.#held > 0 ? this.#complete(Buffer.from('\n')) : [];
  }

  #complete(last: Buffer): readonly Line[] {
    if (this.#isSkipping) {
      const skipped = {head: this.#head, tail: Buffer.concat([this.#tail, last]).subarray(-EDGE_BYTES)};
      this.#forget();
      return [{skipped}];
    }
    const bytes = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    this.#forget();
    if (bytes.length <= this.#maxBytes) return [{bytes}];
    const skipped = {head: bytes.subarray(0, EDGE_BYTES), tail: bytes.subarray(-EDGE_BYTES)};
    return [{tooLong: true}, {skipped}];
  }

  /** True when the line has just become too long. */
  #hold(part: Buffer): boolean {
    if (this.#isSkipping) {
      this.#tail = Buffer.from(Buffer.concat([this.#tail, part]).subarray(-EDGE_BYTES));
      return false;
    }
    this.#held += part.length;
    this.#parts.push(part);
    if (this.#held <= this.#maxBytes) return false;
    const held = Buffer.concat(this.#parts);
    this.#forget();
    this.#head = Buffer.from(held.subarray(0, EDGE_BYTES));
    this.#tail = Buffer.from(held.subarray(-EDGE_BYTES));
    this.#isSkipping = true;
    return true;
  }

  #forget(): void {
    this.#parts = [];
    this.#held = 0;
    this.#isSkipping = false;
  }
}
