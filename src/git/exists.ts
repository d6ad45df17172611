import {stat} from 'node:fs/promises';

/** Whether there is anything at a path; a link that leads nowhere is nothing. */
export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
