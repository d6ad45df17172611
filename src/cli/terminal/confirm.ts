import {createInterface} from 'node:readline/promises';

/** True where a person can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** Asks a person who is there; anything but a yes is a no, and so are the end of the input and an interrupt. */
export async function confirm(question: string): Promise<boolean> {
  const asked = createInterface({input: process.stdin, output: process.stdout});
  const over = new AbortController();
  asked.once('SIGINT', () => over.abort());
  asked.once('close', () => over.abort());
  try {
    const answer = await asked.question(`${question} [y/N] `, {signal: over.signal});
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch {
    // Interrupted, or nobody is there any more.
    return false;
  } finally {
    asked.close();
  }
}
