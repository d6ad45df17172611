import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {withTimeout} from '../../base/with-timeout.ts';

/** OpenCode waits for its hooks, for ever if need be: none of ours may take longer. */
export const HOOK_LIMIT_MS = 2_000;

/**
 * A hook that cannot stand in the way: what it throws is logged, and after {@link HOOK_LIMIT_MS} it is waited
 * for no longer.
 */
export function guarded<Given extends unknown[]>(
  name: string,
  hook: (...given: Given) => Promise<void>,
  log: Logger,
): (...given: Given) => Promise<void> {
  return async (...given) => {
    try {
      if ((await withTimeout(HOOK_LIMIT_MS, hook(...given), 'late')) === 'late')
        log.warn(`${name} took longer than ${HOOK_LIMIT_MS / 1_000} s and is not waited for`);
    } catch (error) {
      log.warn(`${name}: ${messageOf(error)}`);
    }
  };
}
