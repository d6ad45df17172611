import {type BigIntStats, closeSync, constants, fstatSync, openSync, readSync} from 'node:fs';

/** As long as the front matter of all but a few records. */
const BEGINNING_BYTES = 4 * 1024;
/** To open a pipe would be to wait for the one who writes to it, were it put there since the file was looked at. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const shared = Buffer.allocUnsafeSlow(BEGINNING_BYTES);

/** A file as it is at one moment. */
export interface FileBeginning {
  readonly stats: BigIntStats;
  /** Its first bytes, all of them where it is not longer; they last until the next call. None of what is no file. */
  readonly bytes: Buffer;
}

/** @throws when there is no such file, or it cannot be opened. */
export function fileBeginningOf(path: string): FileBeginning {
  const file = openSync(path, FLAGS);
  try {
    const stats = fstatSync(file, {bigint: true});
    const length = stats.isFile() ? readSync(file, shared, 0, BEGINNING_BYTES, 0) : 0;
    return {stats, bytes: shared.subarray(0, length)};
  } finally {
    closeSync(file);
  }
}
