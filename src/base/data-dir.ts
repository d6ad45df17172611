import {join} from 'node:path';
import {xdgFolder} from './xdg.ts';

/** Where records are kept in this environment. A setting that cannot be used is for the server to refuse. */
export function dataDirOf(env: NodeJS.ProcessEnv): string {
  const given = env.OPENCODE_DELEGATE_DATA_DIR?.trim();
  return given || join(xdgFolder(env, 'XDG_DATA_HOME'), 'opencode', 'delegations');
}
