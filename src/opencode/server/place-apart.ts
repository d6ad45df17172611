import {copyFileSync, mkdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {xdgFolder} from '../../base/xdg.ts';
import {LOGINS, SERVER_LOGINS} from '../sandbox/logins.ts';

/**
 * Makes a folder in which OpenCode can keep what it writes. The logins there are the person's own: OpenCode writes one that
 * it renews where the link leads.
 */
export function preparePlaceApart(folder: string, env: NodeJS.ProcessEnv): void {
  const theirs = join(xdgFolder(env, 'XDG_DATA_HOME'), 'opencode');
  const own = join(folder, 'opencode');
  mkdirSync(own, {recursive: true, mode: 0o700});
  for (const name of [LOGINS, SERVER_LOGINS]) link(join(theirs, name), join(own, name));
}

function link(theirs: string, path: string): void {
  try {
    symlinkSync(theirs, path);
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    // Windows lets not everybody make links.
    if (code !== 'EPERM') throw error;
    copyIfThere(theirs, path);
  }
}

function copyIfThere(theirs: string, path: string): void {
  try {
    copyFileSync(theirs, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
