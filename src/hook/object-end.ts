const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d];

/** Finds where a JSON object ends in bytes of UTF-8 that come piece by piece, each of which is looked at once. */
export class ObjectEnd {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /** True when the object that has begun ends in this piece. */
  isIn(piece: Uint8Array): boolean {
    for (const byte of piece) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (this.#isInString) {
        if (byte === QUOTE) this.#isInString = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
      } else if (byte === QUOTE) this.#isInString = true;
      else if (byte === OPEN) this.#depth += 1;
      else if (byte === CLOSE) {
        this.#depth -= 1;
        if (this.#depth === 0) return true;
      }
    }
    return false;
  }
}
