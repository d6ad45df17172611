import {writeFileSync} from 'node:fs';

/**
 * The environment variable in which `doctor` names a file to the OpenCode that it starts for a moment. The plugin writes
 * into it where it lies: that file is how OpenCode says that it has loaded it.
 */
export const LOADED_WORD = 'OPENCODE_DELEGATE_LOADED_WORD';

/** Says where the plugin that is being loaded lies, if anybody wants to know. */
export function sayLoaded(env: NodeJS.ProcessEnv, plugin: string): void {
  const file = env[LOADED_WORD] ?? '';
  if (file === '') return;
  try {
    writeFileSync(file, plugin, {flag: 'wx', mode: 0o600});
  } catch {
    // Nobody reads it any more, or it was said before.
  }
}
