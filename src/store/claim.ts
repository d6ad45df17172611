import {rm} from 'node:fs/promises';
import {isAbandoned, signature} from './signature.ts';
import {createWhole} from './write-whole.ts';

/** A claim is given up by being removed; one whose owner died is removed by whoever wants it next. */
const ATTEMPTS = 3;

/**
 * Runs the action while this process alone holds the claim, a file with its process number in it. Resolves to
 * `undefined`, having done nothing, when a living process holds it.
 */
export async function withClaim<T>(path: string, action: () => Promise<T>): Promise<T | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if ((await createWhole(path, signature())) !== undefined) {
      try {
        return await action();
      } finally {
        await rm(path, {force: true});
      }
    }
    if (!(await isAbandoned(path))) return undefined;
    await rm(path, {force: true});
  }
  return undefined;
}
