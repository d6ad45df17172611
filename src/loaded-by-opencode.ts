/**
 * Files of ours that OpenCode runs, as they are beside this one: what is built has the same folders below its root, and
 * not the same files.
 */
import {existsSync} from 'node:fs';
import {extname} from 'node:path';
import {fileURLToPath} from 'node:url';

const EXTENSION = extname(import.meta.url);

const GUARD = new URL(`./opencode/read-only/guard${EXTENSION}`, import.meta.url);

/** Holds what the rules of `read-only` cannot. It is a plugin: OpenCode loads it, beside those of the user. */
export const GUARD_URL = GUARD.href;

/** Keeps the password of a server out of what it starts, and a project's configuration out of a server for `read-only`. */
export const KEEPER_FILE = fileURLToPath(new URL(`./opencode/keeper/keeper${EXTENSION}`, import.meta.url));

/** One of them that is not there any more, as the package was upgraded, moved or removed since this process began. */
export function goneFile(): string | undefined {
  return [fileURLToPath(GUARD), KEEPER_FILE].find((file) => !existsSync(file));
}

/** True in the background process, which the end of a client does not end. */
export function isHost(): boolean {
  return process.argv[2] === 'host';
}
