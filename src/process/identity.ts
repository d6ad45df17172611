import {readFileSync, readlinkSync} from 'node:fs';
import {hostname} from 'node:os';
import {isAlive, startOf} from './alive.ts';

/** A process, told from every other one, also from those that get its number after it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The name of its machine, or of its container. */
  readonly hostname: string;
  /** Stands for one boot of one machine. Absent where the system does not say, as in records of earlier versions. */
  readonly boot?: string;
  /** The space in which its number is its own: a container mostly has one for itself. Linux only. */
  readonly space?: string;
  /** When it was started, in ticks since the boot. Linux only. */
  readonly started?: number;
}

/** `unknown`: it may be alive where we cannot look, or another process may have its number. */
export type Standing = 'alive' | 'gone' | 'unknown';

let own: ProcessIdentity | undefined;

/** This process. */
export function thisProcess(): ProcessIdentity {
  own ??= identityOf(process.pid);
  return own;
}

/** The process that has this number here and now. */
export function identityOf(pid: number): ProcessIdentity {
  const [boot, space, started] = [bootId(), namespaceOf('pid'), startOf(pid)];
  return {
    pid,
    hostname: hostname(),
    ...(boot !== '' && {boot}),
    ...(space !== '' && {space}),
    ...(started !== undefined && {started}),
  };
}

/** True for the number of a process. Others stand for groups of them, or for all. */
export function isPid(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

/** Whether that process still runs. */
export function standingOf({pid, hostname: machine, boot, space, started}: ProcessIdentity): Standing {
  const here = thisProcess();
  if (boot !== undefined && here.boot !== undefined) {
    // Of two boots with one name, the other one is over; another name is another machine, or one that was renamed.
    if (boot !== here.boot) return machine === here.hostname ? 'gone' : 'unknown';
    if (space !== here.space) return 'unknown';
  } else if (machine !== here.hostname) return 'unknown';
  if (!isAlive(pid)) return 'gone';
  const now = startOf(pid);
  if (started === undefined || now === undefined) return 'unknown';
  return started === now ? 'alive' : 'gone';
}

/** Stands for this boot of this machine; empty where the system does not say. */
export function bootId(): string {
  switch (process.platform) {
    case 'linux':
      return found(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    case 'darwin':
      return found(() => {
        // Loaded here only: elsewhere, a bridge can do without.
        const {execFileSync} = process.getBuiltinModule('node:child_process');
        return execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']).toString().trim();
      });
    default:
      return '';
  }
}

/** Stands for the namespace of that kind that we are in; empty where the system has none. */
export function namespaceOf(kind: 'mnt' | 'pid' | 'uts'): string {
  return found(() => readlinkSync(`/proc/self/ns/${kind}`));
}

function found(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
