/** What the server's owner and the keeper inside of the server agree on. Bun loads this file too: it imports nothing. */

/** Where the server finds its password: the first file descriptor after the three that every process has. */
export const HANDED_FD = 3;
/** As many as 24 random bytes take in base64url. The keeper reads nothing that is longer or shorter. */
export const PASSWORD_CHARS = 32;
/** Has OpenCode leave out what a project configures. */
export const NO_PROJECT_VARIABLE = 'OPENCODE_DISABLE_PROJECT_CONFIG';
/** The name of the symbol that the keeper puts into the server's globals when that holds in all of OpenCode. */
export const HIDES_PROJECTS = 'opencode-delegate-hides-projects';
export const SERVER_USERNAME = 'opencode';
export const PASSWORD_VARIABLE = 'OPENCODE_SERVER_PASSWORD';
/** Has Bun, which OpenCode is built on, run a file before the program. */
export const PRELOAD_VARIABLE = 'BUN_INSPECT_PRELOAD';
/** Where worktrees of delegations lie. The keeper takes it out of the environment. */
export const WORKTREES_VARIABLE = 'OPENCODE_DELEGATE_WORKTREES';
/** Where OpenCode keeps what it writes, where that is not in the person's place. The keeper takes it out of the environment. */
export const KEPT_IN_VARIABLE = 'OPENCODE_DELEGATE_KEPT_IN';
/** In the words with which a tool is refused to write where a link leads. */
export const LEADS_OUT = 'leads out of the worktree';
/** What OpenCode says when it has read its settings and answers. */
export const LISTENING = 'server listening on';

/** What a client of the server sends as `authorization`. */
export function authorization(password: string): string {
  return `Basic ${Buffer.from(`${SERVER_USERNAME}:${password}`).toString('base64')}`;
}
