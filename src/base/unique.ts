const BITS = 48;

let last = 0n;

/** Twelve hexadecimal digits that this process gives out once. Who it is must stand beside them. */
export function unique(): string {
  const now = process.hrtime.bigint();
  last = now > last ? now : last + 1n;
  return BigInt.asUintN(BITS, last)
    .toString(16)
    .padStart(BITS / 4, '0');
}
