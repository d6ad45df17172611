import {join} from 'node:path';
import {homeOf} from './home.ts';
import {NAME} from './name.ts';

/**
 * Where all clients of a person look for what they have in common beside the records, wherever XDG_STATE_HOME leads.
 * @throws NoHomeError
 */
export function stateDirOf(env: NodeJS.ProcessEnv): string {
  return join(homeOf(env), '.local', 'state', NAME);
}
