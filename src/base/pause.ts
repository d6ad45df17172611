export interface PauseOptions {
  readonly signal?: AbortSignal | undefined;
  readonly until?: Promise<unknown>;
}

/** Resolves after the time, on the abort, or with `until`, whichever is first; leaves nothing behind. */
export async function pause(ms: number, {signal, until}: PauseOptions): Promise<void> {
  let finish!: () => void;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const timer = setTimeout(finish, ms);
  signal?.addEventListener('abort', finish);
  try {
    await Promise.race(until === undefined ? [finished] : [finished, until]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', finish);
  }
}
