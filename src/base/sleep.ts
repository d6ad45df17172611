/** A timer that comes so late was held up by sleep or a stopped process, and not by a busy one. */
const SLEPT_MS = 10_000;

/** How long the machine slept, of what a timer is late by; 0 where it did not. Both in milliseconds. */
export function sleptMs(lateBy: number): number {
  return lateBy > SLEPT_MS ? lateBy : 0;
}
