import {pause} from '../../base/pause.ts';
import {retryAfter} from '../../base/retry.ts';
import {PoolFull, PoolUnreachable} from './errors.ts';

/**
 * Does it, and once more for as long as the pool cannot be reached.
 * @param away called with what went wrong, each time that it is to be tried again.
 * @throws what the action does for other reasons, and when the signal aborts.
 */
export async function reached<T>(
  action: () => Promise<T>,
  signal?: AbortSignal,
  away?: (error: Error) => void,
): Promise<T> {
  for (let wait: number | undefined; ; ) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof PoolUnreachable || error instanceof PoolFull) || signal?.aborted === true)
        throw error;
      away?.(error);
      wait = retryAfter(wait);
      await pause(wait, {signal});
      signal?.throwIfAborted();
    }
  }
}
