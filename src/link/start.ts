import {type ChildProcess, spawn} from 'node:child_process';
import {parse} from 'node:path';
import {tooFewFiles} from '../base/load-failure.ts';
import {NAME} from '../base/name.ts';
import {withoutSecret} from '../contract/stamp-secret.ts';
import {readFarewell} from './farewell.ts';
import {WHY_STARTED} from './why-started.ts';

/** The end of what a host that could not start has said; the reason is in its last lines. */
const MAX_SAID_CHARS = 4_000;

/**
 * Starts a command and ends at once, so that the command has no parent but the first process of the system.
 * Clients end their servers with all descendants (OpenCode walks down with `pgrep -P`), and a host must be
 * nobody's: it outlives the process that started it.
 */
const ORPHANING = '"$@" &';

/**
 * A host lives all day and mostly waits. Left alone, V8 takes what was needed to load for what is needed from then on,
 * and does not look for garbage; with this it has given it back after some seconds, at no cost in processor time.
 */
const NODE_OPTIONS = ['--max-semi-space-size=8', '--initial-old-space-size=8'];

/** A host that was started, until it is known whether it serves. */
export interface Start {
  /** True when it is no more: another one was first, or it failed. */
  hasEnded(): boolean;
  /** Why it failed, if it did. That another host was first is no failure. */
  problem(): {readonly message: string; readonly exitCode: number} | undefined;
  /** Lets go of it: from now on it is on its own. */
  release(): void;
}

export interface StartHostOptions {
  readonly main: string;
  readonly env: NodeJS.ProcessEnv;
  /** Why one is needed, for its log. */
  readonly why: string;
  /** Where Node is. Default: what this process runs in. */
  readonly node?: string;
}

/**
 * Starts a host in a session of its own, with no parent, no terminal and no pipe of the client's, so that it
 * outlives all of them. What it writes to stderr is kept until it is let go: that is where it says why it cannot
 * start.
 */
export function startHost({main, env, why, node = process.execPath}: StartHostOptions): Start {
  // It serves others as well as the client that starts it.
  const child = spawnOrphan([node, ...NODE_OPTIONS, main, 'host'], {
    ...withoutSecret(env),
    [WHY_STARTED]: `process ${process.pid} needed one, and ${why}`,
  });
  let said = '';
  let failure: string | undefined;
  let isOver = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-MAX_SAID_CHARS);
  });
  child.once('error', (error) => {
    failure = tooFewFiles(error) ?? error.message;
    isOver = true;
  });
  // The host holds the pipe for as long as it lives; the process that we have started is long gone by then.
  child.once('close', () => {
    isOver = true;
  });
  return {
    hasEnded: () => isOver,
    problem: () => {
      if (!isOver) return undefined;
      const {words, exitCode = 1} = failure === undefined ? readFarewell(said) : {words: failure};
      // Who was killed gave no reason, and the next one may fare better.
      if (words === '' || exitCode === 0) return undefined;
      return {message: `the host could not start: ${words}`, exitCode};
    },
    release: () => {
      child.stderr?.destroy();
      child.unref();
    },
  };
}

/** Windows has neither such a shell nor parents that end their descendants; there it is started as it is. */
function spawnOrphan(command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const [program = '', ...args] =
    process.platform === 'win32' ? command : ['/bin/sh', '-c', ORPHANING, NAME, ...command];
  return spawn(program, args, {
    detached: true,
    // No folder of a client must be kept busy by a process that outlives it.
    cwd: parse(process.execPath).root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
}
