/**
 * A signal that aborts after the time, for the given reason, unless it is cleared first. Clear it, or the timer stays.
 * @param reason makes the reason: an error takes long to make, and hardly ever is it needed.
 */
export function timeLimit(
  ms: number,
  reason?: () => Error,
): {readonly signal: AbortSignal; readonly clear: () => void} {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(reason?.()), ms);
  return {signal: controller.signal, clear: () => clearTimeout(timer)};
}
