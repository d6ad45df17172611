import {rm, rmdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {isLeftBehind} from '../../process/temporary.ts';
import {withClaim} from './claim.ts';

const CLAIM = '.claim';
const TAKEOVER = '.claim.takeover';
/** Takeovers last for microseconds, and nobody needs this one gone at once. */
const TAKEOVER_MS = 60_000;

/**
 * Removes what a process has left in a project's folder that was killed in the midst of a write, or while it held
 * a claim: the former may hold a whole prompt, and nobody else would ever remove it.
 */
export async function removeLeftovers(
  folder: string,
  {names, log}: {names: readonly string[]; log: Logger},
): Promise<void> {
  for (const name of names) {
    if (!name.endsWith('.tmp') && !name.endsWith(CLAIM) && !name.endsWith(TAKEOVER)) continue;
    const path = join(folder, name);
    try {
      // Taken and given up: where somebody else takes it at this moment, that is left alone.
      if (name.endsWith(CLAIM)) await withClaim(path, async () => {});
      else await removeOld(path, Date.now() - (await stat(path)).mtimeMs);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      log.warn(`${path}, which is left of a write, is not removed: ${messageOf(error)}`);
    }
  }
}

async function removeOld(path: string, ageMs: number): Promise<void> {
  if (path.endsWith(TAKEOVER)) {
    if (ageMs > TAKEOVER_MS) await rmdir(path);
  } else if (isLeftBehind(path, ageMs)) await rm(path, {force: true});
}
