import {join} from 'node:path';
import {NAME} from './name.ts';
import {xdgFolder} from './xdg.ts';

/** The file that hosts log to, and what has no other place to say something. @throws NoHomeError */
export function logFileOf(env: NodeJS.ProcessEnv): string {
  return join(xdgFolder(env, 'XDG_STATE_HOME'), NAME, 'host.log');
}
