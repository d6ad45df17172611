import {promises} from 'node:fs';
import {isPid, type ProcessIdentity, standingOf, thisProcess} from '../../process/identity.ts';

/** What a file says that tells which process has made it. */
export function signature(): string {
  return JSON.stringify(thisProcess());
}

/**
 * True when the process that has signed the file is gone, or when nobody has signed it. What cannot be read is
 * somebody else's and not abandoned.
 */
export async function isSignerGone(path: string): Promise<boolean> {
  try {
    const {pid, hostname, ...rest} = JSON.parse(
      await promises.readFile(path, 'utf8'),
    ) as Partial<ProcessIdentity>;
    return !isPid(pid) || typeof hostname !== 'string' || standingOf({...rest, pid, hostname}) === 'gone';
  } catch (error) {
    // Gone by now means free; what cannot be understood was written by nobody who follows these rules.
    return !(error instanceof Error && 'code' in error && error.code === 'EACCES');
  }
}
