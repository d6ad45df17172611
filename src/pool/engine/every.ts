/** Something that is done again and again, once at a time. */
export interface Repeated {
  /** Does it as soon as possible; once more if it is being done. */
  now(): void;
  /** Resolves when it is not being done, and will not be. Idempotent. */
  stop(): Promise<void>;
}

/** Does something every so many milliseconds. What goes wrong is tried again at the next time. */
export function every(ms: number, action: () => Promise<void>): Repeated {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let isStopped = false;
  const run = async () => {
    do {
      isWanted = false;
      await action().catch(() => {});
    } while (isWanted && !isStopped);
    running = undefined;
  };
  const now = () => {
    if (isStopped) return;
    isWanted = true;
    running ??= run();
  };
  const timer = setInterval(now, ms);
  timer.unref();
  return {
    now,
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
