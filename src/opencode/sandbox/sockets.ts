import {readFileSync, realpathSync, statSync} from 'node:fs';
import {isAbsolute} from 'node:path';

/** Where Linux lists every socket that programs have made, those that have a file with its path at the end of the line. */
const TABLE = '/proc/net/unix';
const PATH = /^\S+: (?:\S+ +){6}(?<path>.+)$/;

/**
 * The files of sockets that can be reached, wherever they lie. A file that may not be written does not keep anybody from
 * having the program behind it do something.
 */
export function socketFiles(): readonly string[] {
  const paths = tableLines().flatMap((line) => PATH.exec(line)?.groups?.path ?? []);
  const reached = [...new Set(paths)].filter((path) => isAbsolute(path) && isSocket(path));
  return [...new Set(reached.map((path) => realpathSync(path)))];
}

function tableLines(): readonly string[] {
  try {
    return readFileSync(TABLE, 'utf8').split('\n');
  } catch {
    // A system that does not say.
    return [];
  }
}

/** False for one that is gone, that is seen from elsewhere, or that is not to be reached from here either. */
function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}
