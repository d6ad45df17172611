import {userInfo} from 'node:os';
import {isAbsolute, join} from 'node:path';

/** Where records are kept in this environment. A setting that cannot be used is for the server to refuse. */
export function dataDirOf(env: NodeJS.ProcessEnv): string {
  const given = env.OPENCODE_DELEGATE_DATA_DIR?.trim();
  if (given) return given;
  const xdgData = env.XDG_DATA_HOME?.trim();
  // The XDG specification has relative paths ignored.
  const data =
    xdgData && isAbsolute(xdgData) ? xdgData : join(env.HOME || userInfo().homedir, '.local', 'share');
  return join(data, 'opencode', 'delegations');
}
