/** A signal that aborts after the time unless it is cleared first. Clear it, or the timer stays. */
export function timeLimit(ms: number): {readonly signal: AbortSignal; readonly clear: () => void} {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  return {signal: controller.signal, clear: () => clearTimeout(timer)};
}
