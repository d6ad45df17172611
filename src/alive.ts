import {readFileSync} from 'node:fs';

/** Its state in `/proc/<pid>/stat`: it has ended, and only its parent has not asked for its exit code yet. */
const ENDED = /^\d+ \(.*\) [ZX] /s;

/** True while a process of this machine has that number, whoever's it is, and has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process is a process all the same: that is EPERM.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
  return !hasEnded(pid);
}

/** True for a zombie, which no parent has reaped: in a container there may be nobody who does. Linux only. */
function hasEnded(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return ENDED.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // It is not ours to look into, or has gone since: then the next look tells.
    return false;
  }
}
