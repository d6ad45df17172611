import {isAbsolute, relative, sep} from 'node:path';

/** True when a path is a folder itself or lies below it. Both are taken as they are written. */
export function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
