import {openCodeIn, processesIn, processTable} from '../support/processes.ts';

/** The processes of a sandbox that can be killed, but for bridges. */
export interface Targets {
  readonly hosts: readonly number[];
  readonly servers: readonly number[];
  readonly supervisors: readonly number[];
  /** Only those that have another one beside them: two watch so that one of them can be killed, and no more. */
  readonly watchers: readonly number[];
}

/** @param person the process of the person's OpenCode, which is none of the host's. */
export function targetsIn(root: string, person: number | undefined): Targets {
  const processes = processesIn(root);
  const shells = new Set(processes.filter(({command}) => isSupervising(command)).map(({pid}) => pid));
  const table = processTable().filter(({pid}) => shells.has(pid));
  // A supervisor leads the group that its watchers belong to, also when it is gone.
  const watchers = table.filter(({pid, group}) => pid !== group);
  return {
    hosts: processes.filter(({command}) => /main\.cjs host$/.test(command)).map(({pid}) => pid),
    servers: openCodeIn(root)
      .map(({pid}) => pid)
      .filter((pid) => pid !== person),
    supervisors: table.filter(({pid, group}) => pid === group).map(({pid}) => pid),
    watchers: watchers
      .filter(({pid, group}) => watchers.some((other) => other.pid !== pid && other.group === group))
      .map(({pid}) => pid),
  };
}

function isSupervising(command: string): boolean {
  return command.startsWith('/bin/sh -c') && command.includes(' opencode-delegate ');
}
