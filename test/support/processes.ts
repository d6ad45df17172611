import {readdirSync, readFileSync} from 'node:fs';

/** Looks this often; a test that waits for a process to go has nothing else to wait for. */
const LOOK_MS = 50;

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

/** The OpenCode servers among them. */
export function openCodeIn(root: string): readonly ProcessInfo[] {
  return processesIn(root).filter(
    ({command}) => /opencode(\.exe)? serve /.test(command) && !command.startsWith('/bin/sh'),
  );
}

/** Where an OpenCode server that was started with this command listens. */
export function urlOf(command: string): string {
  return `http://127.0.0.1:${/--port (\d+)/.exec(command)?.[1]}`;
}

/** Resolves when the sandbox has no process any more. Rejects after the time with those that are left. */
export function allGone(root: string, withinMs = 10_000): Promise<void> {
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
  withinMs = 10_000,
  describe: () => string = () => 'the condition does not hold',
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`after ${withinMs} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
