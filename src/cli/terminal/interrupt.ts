/** Aborts when the person presses Ctrl-C, or the terminal goes away, so that a command can put it back as it was. */
export function untilInterrupted(): {readonly signal: AbortSignal; readonly done: () => void} {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, abort);
  return {
    signal: controller.signal,
    done: () => {
      controller.abort();
      for (const signal of signals) process.off(signal, abort);
    },
  };
}
