import {setTimeout as pause} from 'node:timers/promises';
import {OneAtATime} from '../../base/one-at-a-time.ts';

/** Something that is done again and again, once at a time. */
export interface Repeated {
  /** Does it as soon as possible; once more if it is being done. */
  now(): void;
  /** Resolves when it is not being done, and will not be. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Does something every so many milliseconds. What goes wrong is tried again at the next time.
 * @param gapMs between the end of one time and the next, however often it is wanted: those wishes become one.
 */
export function every(ms: number, action: () => Promise<void>, gapMs = 0): Repeated {
  let isStopped = false;
  const stopped = new AbortController();
  const work = new OneAtATime(async () => {
    if (isStopped) return;
    await action().catch(() => {});
    if (gapMs > 0) await pause(gapMs, undefined, {signal: stopped.signal}).catch(() => {});
  });
  const now = () => {
    if (!isStopped) work.want();
  };
  const timer = setInterval(now, ms);
  timer.unref();
  return {
    now,
    stop: async () => {
      isStopped = true;
      stopped.abort();
      clearInterval(timer);
      await work.done();
    },
  };
}
