import {promises, realpathSync} from 'node:fs';

/** A path with its links followed, so that two names of one place are one; as it is given where nothing is there. */
export function realPath(path: string): Promise<string> {
  return promises.realpath(path).catch(() => path);
}

/** As {@link realPath}, at once. */
export function realPathSync(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
