import {spawn} from 'node:child_process';
import {parse} from 'node:path';
import {hostEnvironment} from './environment-key.ts';

/** The end of what a host that could not start has said; the reason is in its last lines. */
const MAX_SAID_CHARS = 4_000;

/** A host that was started, until it is known whether it serves. */
export interface Start {
  /** True when it is no more: another one was first, or it failed. */
  hasEnded(): boolean;
  /** Why it failed, if it did. That another host was first is no failure. */
  problem(): {readonly message: string; readonly exitCode: number} | undefined;
  /** Lets go of it: from now on it is on its own. */
  release(): void;
}

/**
 * Starts a host in a session of its own, with no terminal and no pipe of the client's, so that it outlives
 * both. What it writes to stderr is kept until it is let go: that is where it says why it cannot start.
 */
export function startHost({main, env}: {main: string; env: NodeJS.ProcessEnv}): Start {
  const child = spawn(process.execPath, [main, 'host'], {
    detached: true,
    // No folder of a client must be kept busy by a process that outlives it.
    cwd: parse(process.execPath).root,
    env: hostEnvironment(env),
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  let said = '';
  let end: {readonly code: number | null; readonly why: string} | undefined;
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-MAX_SAID_CHARS);
  });
  child.once('error', (error) => {
    end = {code: 1, why: error.message};
  });
  // Not `exit`: what it said last must have been read.
  child.once('close', (code) => {
    end ??= {code, why: said.trim() || `it ended with code ${code}`};
  });
  return {
    hasEnded: () => end !== undefined,
    problem: () => {
      // Who was killed gave no reason, and the next one may fare better.
      if (end === undefined || end.code === 0 || end.code === null) return undefined;
      return {message: `the host could not start: ${end.why}`, exitCode: end.code};
    },
    release: () => {
      child.stderr.destroy();
      child.unref();
    },
  };
}
