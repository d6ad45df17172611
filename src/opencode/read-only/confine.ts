import {realpathSync} from 'node:fs';
import {dirname, relative, resolve} from 'node:path';
import {contains} from '../../contains.ts';

/** What a read-only delegation may never see, however a path leads there. */
export type Forbidden = 'outside the directory' | 'an .env file';

/** `.env`, `.env.local`, `prod.env` and their like, also as folders; some file systems take `.ENV` for the same. */
const ENV_NAME = /\.env(\.|$)/i;

/**
 * Why a path must not be read, or `undefined` when it may be. Links count as what they lead to. A path that does
 * not exist counts as lying where its nearest existing folder really is.
 */
export function forbidden(path: string, root: string): Forbidden | undefined {
  const named = resolve(root, path);
  const real = realPath(named);
  const realRoot = realpathSync(root);
  if (!contains(realRoot, real)) return 'outside the directory';
  return hasEnvName(relative(realRoot, real)) || hasEnvName(relative(root, named))
    ? 'an .env file'
    : undefined;
}

function hasEnvName(path: string): boolean {
  return path.split(/[\\/]/).some((segment) => ENV_NAME.test(segment));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const parent = dirname(path);
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    // What is there and cannot be followed (a loop of links, a folder that is closed) must not be guessed at.
    if (!isMissing || parent === path) throw error;
    return resolve(realPath(parent), relative(parent, path));
  }
}
