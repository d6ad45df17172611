import {platform} from 'node:process';
import type {PermissionRuleset} from '@opencode-ai/sdk/v2/client';
import {contains} from '../../base/contains.ts';
import {messageOf} from '../../base/errors.ts';
import {timeLimit} from '../../base/time-limit.ts';
import type {RunRequest} from '../../delegation/model/run.ts';
import type {Connection} from '../server/connection.ts';
import {done} from '../wire/answer.ts';

/** The end of a delegation waits for it, and must not wait for a server that hangs. */
const LEAVE_MS = 3_000;

/** Git makes plain files of links there, unless it is told otherwise. */
const HAS_NO_LINKS = platform === 'win32';

/** What may come after a path in a command. */
const PATH_ENDS = ['', '/*', ' *', "'*", '"*'];
/** Also with git's own options before it, such as `-C`. */
const STASHES = ['git stash*', 'git -* stash*'];

/**
 * Keeps an agent that works in a worktree from the user's own checkout, which its prompt may name, and from the
 * stashes, which git shares between all worktrees. Its own configuration decides on everything else, and what a
 * command does without naming the checkout is not seen.
 */
export function worktreeRules({checkout, directory}: RunRequest): PermissionRuleset {
  if (checkout === undefined) return [];
  const path = checkout.replaceAll('\\', '/');
  // Where the data folder lies in the checkout, so does the worktree, whose paths an agent must be able to name.
  const named = contains(checkout, directory) ? [] : PATH_ENDS.map((end) => `*${path}${end}`);
  return [
    {permission: 'external_directory', pattern: `${path}/*`, action: 'deny'},
    ...[...STASHES, ...named].map((pattern) => ({permission: 'bash', pattern, action: 'deny' as const})),
  ];
}

/** @throws where file tools of an agent in a worktree would follow links out of it. */
export function checkHeld({isKept}: Connection, {access}: RunRequest): void {
  if (access !== 'worktree' || isKept || HAS_NO_LINKS) return;
  throw new Error(
    'worktree cannot be held here, so nothing was run: this OpenCode does not run the file of ours that keeps its file tools from following links out of the worktree. Use OpenCode 1.18 (`npm install -g opencode-ai@1.18`), or give access agent or read-only.',
  );
}

/** What an agent has to know of where it works: a prompt may name paths of the checkout that it must not touch. */
export function surroundings({checkout, directory}: RunRequest): {system?: string} {
  if (checkout === undefined) return {};
  return {
    system: `You work in ${directory}, in a git worktree made of ${checkout} for this task alone. Where you are told of paths in ${checkout}, use the same paths in your worktree. Your changes are committed for you at the end.`,
  };
}

/**
 * OpenCode keeps open what it has opened in a directory, and nobody comes back to that of a worktree soon. Never
 * rejects.
 */
export async function leaveWorktree(
  connection: Connection | undefined,
  {checkout, directory}: RunRequest,
  warn: (what: string) => void,
): Promise<void> {
  if (checkout === undefined || connection?.isAlive !== true) return;
  const {signal, clear} = timeLimit(LEAVE_MS);
  try {
    await done(connection.client.instance.dispose({directory}, {signal}));
  } catch (error) {
    warn(`OpenCode has not left ${directory}: ${messageOf(error)}`);
  } finally {
    clear();
  }
}
