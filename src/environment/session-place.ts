import {join, resolve} from 'node:path';
import {xdgFolder} from '../base/xdg.ts';

/**
 * The folder in which OpenCode keeps its sessions in this environment, or the file that OPENCODE_DB names. What
 * another place does not know may all the same be there.
 */
export function sessionPlace(env: NodeJS.ProcessEnv): string {
  return resolve(join(xdgFolder(env, 'XDG_DATA_HOME'), 'opencode'), env.OPENCODE_DB?.trim() ?? '');
}
