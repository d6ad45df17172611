import {takeLock} from '../../process/lock.ts';

/** For so long a claim is left to the one who made it where nobody can tell whether that process still runs. */
const PATIENCE_MS = 10 * 60_000;

/**
 * Runs the action while this process alone holds the claim, a file that says which process does. Resolves to
 * `undefined`, having done nothing, when another one holds it or is about to.
 */
export async function withClaim<T>(path: string, action: () => Promise<T>): Promise<T | undefined> {
  const lock = await takeLock({path, patienceMs: PATIENCE_MS});
  if (lock === undefined) return undefined;
  try {
    return await action();
  } finally {
    lock.release();
  }
}
