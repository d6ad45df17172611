import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import getPort from 'get-port';
import type {Sandbox} from './sandbox.ts';
import {openTerminal} from './terminal.ts';

/** How a person has started OpenCode: as a server (`serve`), or in a terminal (`tui`). */
export const FRONT = process.env.TEST_FRONT === 'tui' ? 'tui' : 'serve';

export interface UserProcessOptions {
  readonly env?: Record<string, string>;
  /** A command that starts the one which follows it. */
  readonly within?: readonly string[];
}

/** A process of OpenCode that a person has started. */
export interface UserProcess {
  readonly pid: number;
  /** Where its API is. */
  readonly url: string;
  /** All that it has logged so far. */
  log(): string;
  /** Ends it as a crash would, and resolves when it is gone. Idempotent. */
  kill(): Promise<void>;
}

/** Resolves when it can be asked. */
export async function startUserProcess(sandbox: Sandbox, options: UserProcessOptions): Promise<UserProcess> {
  const port = await getPort({host: '127.0.0.1'});
  return FRONT === 'tui' ? inTerminal(sandbox, {port, ...options}) : asServer(sandbox, {port, ...options});
}

type Options = UserProcessOptions & {readonly port: number};

async function asServer(sandbox: Sandbox, {port, env = {}, within = []}: Options): Promise<UserProcess> {
  const [command = '', ...args] = [...within, 'opencode', 'serve', '--port', String(port), '--print-logs'];
  const child = spawn(command, args, {
    cwd: sandbox.project,
    env: {...sandbox.env, ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => String(chunk).includes('listening') && resolve());
    child.once('exit', () => reject(new Error(`OpenCode has ended: ${log}`)));
  });
  return {pid: child.pid ?? 0, url: urlOf(port), log: () => log, kill: () => kill(child)};
}

/** The screen is OpenCode's own, which is there when the directory's instance is. */
async function inTerminal(sandbox: Sandbox, {port, env = {}, within = []}: Options): Promise<UserProcess> {
  const [command = '', ...args] = [...within, 'opencode', '--port', String(port)];
  const terminal = openTerminal({...sandbox, env: {...sandbox.env, ...env}}, command, ...args);
  const log = join(sandbox.env.HOME ?? '', '.local', 'share', 'opencode', 'log', 'opencode.log');
  try {
    await terminal.shows('Ask anything');
  } catch (error) {
    await terminal.close();
    throw error;
  }
  return {
    pid: terminal.pid,
    url: urlOf(port),
    log: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    kill: () => terminal.close(),
  };
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
