import {standingOf} from '../process/identity.ts';
import {type LockOwner, readOwner} from '../process/lock.ts';
import {askHost} from './connect.ts';
import {type EndpointOptions, endpointIn, locateEndpoint, spareEndpoints} from './endpoint.ts';
import type {HostStatus} from './handshake.ts';
import {isPrivateFolder} from './private-folder.ts';
import {registered, unregister} from './registry.ts';

/** A host that runs, as its lock file tells. */
export interface RunningHost {
  readonly owner: LockOwner;
  /** True when it serves the data folder and the version that we are called with. */
  readonly isOurs: boolean;
  /** Where it listens. */
  readonly address: string;
  /** `undefined` when it does not answer, as it starts or ends. */
  readonly status: HostStatus | undefined;
}

/** The user's hosts, of every data folder. */
export async function runningHosts(options: EndpointOptions): Promise<readonly RunningHost[]> {
  const own = [locateEndpoint(options), ...spareEndpoints(options)];
  const hosts = registered(own, options.env).map(async (place): Promise<RunningHost | undefined> => {
    const {lock, address} = endpointIn(place.folder, place.key, options.platform);
    // What somebody else could have put there is no host of ours.
    const owner = isPrivateFolder(place.folder) ? readOwner(lock) : undefined;
    if (owner === undefined || standingOf(owner) === 'gone') {
      unregister(place, options.env);
      return undefined;
    }
    const answer = await askHost(address);
    return {
      owner,
      address,
      isOurs: own.some((one) => one.lock === lock),
      status: answer?.kind === 'status' ? answer.status : undefined,
    };
  });
  return (await Promise.all(hosts)).filter((host) => host !== undefined);
}
