/** True while a process of this machine has that number, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is a process all the same: that is EPERM.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
}
