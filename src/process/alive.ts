import {readFileSync} from 'node:fs';

/** The third field of `/proc/<pid>/stat` of a process that has ended, and that only its parent has not asked for. */
const ENDED = ['Z', 'X'];
/** How many fields later it says when the process was started, in ticks since the boot: proc_pid_stat(5). */
const TO_START = 19;

/** True while a process of this machine has that number, no matter whose it is, and has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process is a process all the same: that is EPERM.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
  // In a container there may be nobody who reaps.
  return !ENDED.includes(statOf(pid)[0] ?? '');
}

/**
 * When the process with that number was started, in ticks since the boot: what tells it from a later one of that
 * number. `undefined` when there is none, or the system does not say; only Linux does.
 */
export function startOf(pid: number): number | undefined {
  const start = Number(statOf(pid)[TO_START]);
  return Number.isSafeInteger(start) ? start : undefined;
}

/** What `/proc/<pid>/stat` says after the name, which may hold whatever characters; nothing where there is no such file. */
function statOf(pid: number): readonly string[] {
  if (process.platform !== 'linux') return [];
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    // It is not ours to look into, or has gone since: then the next look tells.
    return [];
  }
}
