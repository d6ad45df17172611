import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {topOf} from '../../git/top.ts';
import {CodeFinder} from '../../opencode/trust/brought-code.ts';

export interface LoadedCodeOptions {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
}

/**
 * The digest of the code that a directory brings, as OpenCode loads it there; `undefined` where it brings none. The
 * files are read before this returns, so it is to be called while OpenCode loads. Never rejects.
 */
export async function loadedCode({directory, env, log}: LoadedCodeOptions): Promise<string | undefined> {
  try {
    return (await new CodeFinder({env, topOf}).find(directory))?.digest;
  } catch (error) {
    // Then it is asked about as everywhere else.
    log.debug(`what ${directory} brings could not be looked at: ${messageOf(error)}`);
    return undefined;
  }
}
