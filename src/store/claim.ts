import {readFile, rm} from 'node:fs/promises';
import {hostname} from 'node:os';
import {isGone} from '../delegation/owner.ts';
import {createWhole} from './write-whole.ts';

/** A claim is given up by being removed; one whose owner died is removed by whoever wants it next. */
const ATTEMPTS = 3;

/**
 * Runs the action while this process alone holds the claim, a file with its process number in it. Resolves to
 * `undefined`, having done nothing, when a living process holds it.
 */
export async function withClaim<T>(path: string, action: () => Promise<T>): Promise<T | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const mine = JSON.stringify({pid: process.pid, hostname: hostname()});
    if ((await createWhole(path, mine)) !== undefined) {
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

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const {pid, hostname: machine}: {pid?: unknown; hostname?: unknown} = JSON.parse(
      await readFile(path, 'utf8'),
    );
    if (typeof pid !== 'number' || typeof machine !== 'string') return true;
    return isGone({pid, hostname: machine, environment: ''});
  } catch (error) {
    // Gone by now means free; what cannot be read was written by nobody who follows these rules.
    return !(error instanceof Error && 'code' in error && error.code === 'EACCES');
  }
}
