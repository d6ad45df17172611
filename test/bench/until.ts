import {setTimeout as delay} from 'node:timers/promises';

const POLL_MS = 50;
const TIMEOUT_MS = 60_000;

/** Resolves when the condition holds. @throws Error naming what did not come about within a minute. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await delay(POLL_MS);
  }
}
