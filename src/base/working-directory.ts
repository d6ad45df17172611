import {readlinkSync} from 'node:fs';
import {parse} from 'node:path';

/** What Linux puts behind the name of a folder that is no more. */
const DELETED = / \(deleted\)$/;

/**
 * Where this process works. Where that folder has been removed, the name that it had, as it may be made again; where the
 * system does not say that either, the top of the file system, where nobody works without saying so.
 */
export function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return formerName() ?? parse(process.execPath).root;
  }
}

function formerName(): string | undefined {
  try {
    return readlinkSync('/proc/self/cwd').replace(DELETED, '');
  } catch {
    // Only Linux has it.
    return undefined;
  }
}
