import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs';

/** To open a pipe would be to wait for the one who writes to it. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/**
 * The text of a file whose path somebody else has chosen: also where it leads to a pipe or to a device, which never
 * ends, this returns at once.
 * @throws when it cannot be read, is not a file, or is larger than the limit.
 */
export function wholeOf(path: string, {maxBytes = Number.POSITIVE_INFINITY} = {}): string {
  const file = openSync(path, FLAGS);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is no file');
    if (stats.size > maxBytes) throw new Error('it is too large');
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
