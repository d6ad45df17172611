import {realpathSync} from 'node:fs';
import {isAbsolute, relative, resolve} from 'node:path';
import {contains} from '../../base/contains.ts';
import {leadsTo} from '../../base/leads-to.ts';

/** What a read-only delegation may never see, however a path leads there. */
export type Forbidden = 'outside the directory' | 'an .env file';

/** `.env`, `.env.local`, `prod.env` and their like, also as folders; some file systems take `.ENV` for the same. */
const ENV_NAME = /\.env(\.|$)/i;

/**
 * Why a path must not be read, or `undefined` when it may be. Links count as what they lead to.
 * @throws where that cannot be found out.
 */
export function forbidden(path: string, root: string): Forbidden | undefined {
  const named = resolve(root, path);
  const real = leadsTo(isAbsolute(path) ? path : named);
  const realRoot = realpathSync(root);
  if (!contains(realRoot, real)) return 'outside the directory';
  return hasEnvName(relative(realRoot, real)) || hasEnvName(relative(root, named))
    ? 'an .env file'
    : undefined;
}

function hasEnvName(path: string): boolean {
  return path.split(/[\\/]/).some((segment) => ENV_NAME.test(segment));
}
