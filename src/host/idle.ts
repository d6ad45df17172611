import {sleptMs} from '../base/sleep.ts';

/** How often it is looked whether something runs, at most; nothing announces the end of the last delegation. */
const LOOK_MS = 1_000;

/** A process that started a host needs this long, on a busy machine, to find it. */
const FIRST_CLIENT_MS = 5_000;

export interface IdleOptions {
  readonly afterMs: number;
  readonly isIdle: () => boolean;
  /** Called once, in the same turn in which it was idle for the last time. */
  readonly onIdle: () => void;
}

/** Calls when nothing has been needed for a time, at first a little longer. Returns what ends the watch. */
export function watchIdle({afterMs, isIdle, onIdle}: IdleOptions): () => void {
  const every = Math.min(LOOK_MS, Math.max(afterMs / 4, 10));
  let since = performance.now() + Math.max(0, FIRST_CLIENT_MS - afterMs);
  let looked = performance.now();
  const look = (): void => {
    const now = performance.now();
    since += sleptMs(now - looked - every);
    looked = now;
    const isNeeded = !isIdle();
    if (isNeeded) since = now;
    if (isNeeded || now - since < afterMs) return;
    clearInterval(timer);
    onIdle();
  };
  const timer = setInterval(look, every);
  return () => clearInterval(timer);
}
