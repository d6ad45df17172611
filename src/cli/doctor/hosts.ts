import {inQuotes, oneLine} from '../../base/safe-text.ts';
import {type RunningHost, runningHosts} from '../../link/hosts.ts';
import {counted} from '../../report/format.ts';
import {type Finding, failed, fine, warning} from './finding.ts';

export interface HostOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** The data folder of this environment. */
  readonly root: string;
}

/** Which hosts run, and why there are several: by the names of variables, and never by their values. */
export async function checkHosts({env, version, root}: HostOptions): Promise<readonly Finding[]> {
  const hosts = await runningHosts({env, version});
  if (hosts.length === 0) return [fine('Hosts', 'None runs. The first client, or a command, starts it.')];
  return hosts.flatMap((host) => findingsOf(host, root));
}

function findingsOf({owner, isOurs, status}: RunningHost, root: string): readonly Finding[] {
  const what = `Host ${owner.pid}`;
  if (status === undefined) {
    const cure = `It may be starting or ending: try again. If it stays so, end it: kill ${owner.pid}`;
    return [failed(what, 'It has its lock, and does not answer.', cure)];
  }
  const load = `${counted(status.connections, 'client')}, ${counted(status.delegations, 'delegation')} that ${status.delegations === 1 ? 'runs' : 'run'} or ${status.delegations === 1 ? 'waits' : 'wait'}`;
  const environments = status.environments.flatMap(({differsIn}, at) =>
    differsIn.length === 0
      ? []
      : [
          fine(
            what,
            `Environment ${at + 1} has OpenCode servers of its own, as it differs from the first in ${differsIn.map(oneLine).join(', ')}.`,
          ),
        ],
  );
  if (isOurs) return [fine(what, `It serves this data folder: ${load}.`), ...environments];
  if (status.dataDir !== root) {
    const says = `It serves another data folder, ${inQuotes(status.dataDir)}: ${load}. Its clients have another value of OPENCODE_DELEGATE_DATA_DIR, XDG_DATA_HOME or HOME.`;
    return [fine(what, says), ...environments];
  }
  const says = `It serves the same data folder with another version of the package, or in a container: ${load}.`;
  return [
    warning(what, says, 'Restart its clients after an upgrade, or: opencode-delegate stop --all'),
    ...environments,
  ];
}
