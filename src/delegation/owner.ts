import {hostname} from 'node:os';
import type {Owner} from './delegation.ts';

/** This process, as the owner of what it runs in this environment. */
export function thisProcess(environment: string): Owner {
  return {pid: process.pid, hostname: hostname(), environment};
}

/**
 * True only when the owner is surely gone: it ran on this machine and no process has its number. An owner
 * on another machine (a home directory that several share) is nobody we can judge.
 */
export function isGone(owner: Owner): boolean {
  if (owner.hostname !== hostname()) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    // EPERM means that the process exists and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
