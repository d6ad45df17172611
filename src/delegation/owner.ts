import {hostname} from 'node:os';
import {isAlive} from '../alive.ts';
import type {Owner} from './delegation.ts';

/** This process, as the owner of what it runs in this environment. */
export function thisProcess(environment: string): Owner {
  return {pid: process.pid, hostname: hostname(), environment};
}

/**
 * True only when the owner is surely gone: it ran on this machine and no process has its number. An owner
 * on another machine (a home directory that several share) is nobody we can judge.
 */
export function isGone(owner: Pick<Owner, 'pid' | 'hostname'>): boolean {
  return owner.hostname === hostname() && !isAlive(owner.pid);
}
