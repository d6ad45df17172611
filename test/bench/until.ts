import {eventually} from '../support/processes.ts';

const TIMEOUT_MS = 60_000;

/** Resolves when the condition holds. @throws Error naming what did not come about within a minute. */
export function until(what: string, condition: () => boolean): Promise<void> {
  return eventually(condition, TIMEOUT_MS, () => `waited in vain until ${what}`);
}
