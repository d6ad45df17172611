import {readdirSync, readFileSync} from 'node:fs';
import {execaSync} from 'execa';
import {isCode} from '../../src/link/private-folder.ts';

/** Looks this often; a test that waits for a process to go has nothing else to wait for. */
const LOOK_MS = 50;
/** What has not come by then does not come, on a machine that is busy with other things too. */
const LONG_MS = 90_000;

export interface ProcessInfo {
  readonly pid: number;
  readonly command: string;
}

/** The living processes that were started in a sandbox, by the root path in their environment. Linux only. */
export function processesIn(root: string): readonly ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        // A zombie has no command line any more.
        return environment.includes(root) && command !== '' ? [{pid: Number(name), command}] : [];
      } catch {
        // It ended while we looked, or it is not ours to look into.
        return [];
      }
    });
}

export interface TableEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/** All processes of the machine. */
export function processTable(): readonly TableEntry[] {
  const {stdout} = execaSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,sid=']);
  return stdout.split('\n').map((line) => {
    const [pid = 0, parent = 0, group = 0, session = 0] = line.trim().split(/\s+/).map(Number);
    return {pid, parent, group, session};
  });
}

/** What a walk down the process table finds below a process, as clients do it to end their servers. */
export function descendantsOf(root: number, table: readonly TableEntry[]): readonly number[] {
  const children = table.filter(({parent}) => parent === root).map(({pid}) => pid);
  return [...children, ...children.flatMap((child) => descendantsOf(child, table))];
}

/** The OpenCode servers among them. */
export function openCodeIn(root: string): readonly ProcessInfo[] {
  return processesIn(root).filter(
    ({command}) => /opencode(\.exe)? serve /.test(command) && !command.startsWith('/bin/sh'),
  );
}

/** Signals each of them, but for those that have ended since somebody looked. False when that is all of them. */
export function signalEach(pids: readonly number[], name: NodeJS.Signals): boolean {
  let isSent = false;
  for (const pid of pids) {
    try {
      process.kill(pid, name);
      isSent = true;
    } catch (error) {
      if (!isCode(error, 'ESRCH')) throw error;
    }
  }
  return isSent;
}

/** Ends all that runs in a sandbox at once, without a word to any of it. Resolves when nothing of it is left. */
export async function killAll(root: string): Promise<void> {
  // What one of them had begun to start is only seen by the next look.
  await eventually(() => {
    const pids = processesIn(root).map(({pid}) => pid);
    signalEach(pids, 'SIGKILL');
    return pids.length === 0;
  });
}

/** Where an OpenCode server that was started with this command listens. */
export function urlOf(command: string): string {
  return `http://127.0.0.1:${/--port (\d+)/.exec(command)?.[1]}`;
}

/** Resolves when the sandbox has no process any more. Rejects after the time with those that are left. */
export function allGone(root: string, withinMs = LONG_MS): Promise<void> {
  return eventually(
    () => processesIn(root).length === 0,
    withinMs,
    () =>
      processesIn(root)
        .map(({pid, command}) => `${pid} ${command.slice(0, 80)}`)
        .join('; '),
  );
}

/** Resolves when the condition holds. Rejects after the time, saying what was still there. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  withinMs = LONG_MS,
  describe: () => string = () => 'the condition does not hold',
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`after ${withinMs} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
