import {userInfo} from 'node:os';
import {isAbsolute} from 'node:path';

/** It is not known where the person's files are; the message says why and what to do. */
export class NoHomeError extends Error {
  override readonly name = 'NoHomeError';
}

/**
 * The folder of the person's own files: HOME, else what the system has for the account.
 * @throws NoHomeError where neither names a folder. OpenCode does not start without one either.
 */
export function homeOf(env: NodeJS.ProcessEnv): string {
  const home = env.HOME || homeOfAccount();
  if (isAbsolute(home)) return home;
  throw new NoHomeError(
    `HOME=${JSON.stringify(home)} must be an absolute path. Fix these variables and restart.`,
  );
}

function homeOfAccount(): string {
  try {
    return userInfo().homedir;
  } catch {
    throw new NoHomeError(
      `HOME is not set, and this system has no account for the user (${process.getuid?.()}) that would name a home. Set HOME to a folder that this user can write, and start again.`,
    );
  }
}
