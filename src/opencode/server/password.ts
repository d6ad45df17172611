import {randomBytes} from 'node:crypto';
import {closeSync, mkdtempSync, openSync, rmSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {platform} from 'node:process';
import {PASSWORD_CHARS, PASSWORD_VARIABLE, SERVER_USERNAME} from '../keeper/handed.ts';

/** Of base64url, each stands for 6 bits. */
const PASSWORD_BYTES = (PASSWORD_CHARS * 6) / 8;

/** What opens a server: one of these, and it takes asking to know which. */
export interface ServerPassword {
  /** Is handed over past the environment, to the keeper alone. Where the keeper runs, nothing else opens the server. */
  readonly kept: string;
  /**
   * Stands in the environment that the server is started with, and is all that OpenCode itself knows. It is there so
   * that no server is ever without a password, also where the keeper does not run.
   */
  readonly shown: string;
}

export function newPassword(): ServerPassword {
  const random = () => randomBytes(PASSWORD_BYTES).toString('base64url');
  return {kept: random(), shown: random()};
}

/** What the environment of the server has for its password. */
export function passwordVariables({shown}: ServerPassword): NodeJS.ProcessEnv {
  return {
    OPENCODE_SERVER_USERNAME: SERVER_USERNAME,
    [PASSWORD_VARIABLE]: shown,
  };
}

/** How files are handed to a process that is not of Node is not known of Windows. */
const canHandOver = platform !== 'win32';

/**
 * Calls the action with the descriptor of a file that holds the password and has no name any more, so that a process
 * which the action starts can inherit it; `undefined` where that cannot be. It is made in the system's folder for what is
 * temporary, or in our own where there is none.
 */
export function withHanded<T>(
  {password, ownFolder}: {readonly password: ServerPassword; readonly ownFolder: string},
  action: (descriptor: number | undefined) => T,
): T {
  if (!canHandOver) return action(undefined);
  const descriptor = unnamedFile(password.kept, ownFolder);
  try {
    return action(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unnamedFile(text: string, ownFolder: string): number {
  const folder = newFolder(ownFolder);
  try {
    const descriptor = openSync(join(folder, 'handed'), 'wx+', 0o600);
    writeSync(descriptor, text);
    return descriptor;
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

function newFolder(ownFolder: string): string {
  try {
    return mkdtempSync(join(tmpdir(), 'opencode-delegate-'));
  } catch {
    // TMPDIR may name what is not there, or is somebody else's. The disk of the other one may be full instead.
    return mkdtempSync(join(ownFolder, '.handed-'));
  }
}
