import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {processesIn} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';

/** The process of the host that serves a sandbox. @throws when there is none. Linux only. */
export function hostIn({root}: Sandbox): number {
  const host = processesIn(root).find(({command}) => /main\.cjs host$/.test(command));
  if (host === undefined) throw new Error('there is no host');
  return host.pid;
}

/** The resident memory of a node that does nothing, in MB. */
export async function bareNode(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {stdio: 'ignore'});
  try {
    await delay(500);
    if (child.pid === undefined) throw new Error('node did not start');
    return residentMb(child.pid);
  } finally {
    child.kill();
  }
}

/** The resident memory of a process, in MB. Linux only. */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kb === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kb) / 1_024;
}

/** Milliseconds of processor time that a process has used so far. Linux only. */
export function processorMs(pid: number): number {
  // The name in the second field may have blanks; the times are the 12th and 13th after it, in hundredths.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
