import {isAbsolute, join} from 'node:path';
import {homeOf} from './home.ts';

/** Where a person's files of a kind are, below which folder of the home without the variable. */
const FOLDERS = {
  XDG_CACHE_HOME: ['.cache'],
  XDG_CONFIG_HOME: ['.config'],
  XDG_DATA_HOME: ['.local', 'share'],
  XDG_STATE_HOME: ['.local', 'state'],
} as const;

/** The folder that the variable names, or its default; the XDG specification has relative paths ignored. @throws NoHomeError */
export function xdgFolder(env: NodeJS.ProcessEnv, variable: keyof typeof FOLDERS): string {
  const given = env[variable]?.trim();
  return given && isAbsolute(given) ? given : join(homeOf(env), ...FOLDERS[variable]);
}
