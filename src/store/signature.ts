import {readFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {isGone} from '../delegation/owner.ts';

/** The process that has written a file to claim something with it. */
export interface Signer {
  readonly pid: number;
  readonly hostname: string;
}

/** What a claim's file says: which process has made it. */
export function signature(): string {
  return JSON.stringify({pid: process.pid, hostname: hostname()});
}

/**
 * True when the process that has signed the file is gone, or when nobody has signed it. What cannot be read is
 * somebody else's and not abandoned.
 */
export async function isAbandoned(
  path: string,
  isSignerGone: (signer: Signer) => boolean = isGone,
): Promise<boolean> {
  try {
    const {pid, hostname: machine}: {pid?: unknown; hostname?: unknown} = JSON.parse(
      await readFile(path, 'utf8'),
    );
    if (typeof pid !== 'number' || typeof machine !== 'string') return true;
    return isSignerGone({pid, hostname: machine});
  } catch (error) {
    // Gone by now means free; what cannot be understood was written by nobody who follows these rules.
    return !(error instanceof Error && 'code' in error && error.code === 'EACCES');
  }
}
