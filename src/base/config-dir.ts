import {join} from 'node:path';
import {NAME} from './name.ts';
import {xdgFolder} from './xdg.ts';

/** Where a person's own files of configuration are. @throws NoHomeError */
export function configDirOf(env: NodeJS.ProcessEnv): string {
  return join(xdgFolder(env, 'XDG_CONFIG_HOME'), NAME);
}
