import {type Lock, takeLock} from '../process/lock.ts';
import {isRefused} from './connect.ts';
import {type Endpoint, type EndpointOptions, prepareEndpoint} from './endpoint.ts';
import {removeLeftBehind} from './left-behind.ts';

/**
 * A host has its socket within this time of its lock. Later, an owner whose socket refuses is another process that got
 * the number of a host that died, where the system does not tell the two apart.
 */
const START_MS = 10_000;

/** The right to be the host of a data folder, and where to be it. */
export interface HostClaim {
  readonly endpoint: Endpoint;
  readonly lock: Lock;
}

/**
 * Becomes the host of this data folder, or not: `undefined` when somebody else is. Cheap, as of twenty that
 * are started at once nineteen need no more than this.
 */
export async function claimHost(options: EndpointOptions): Promise<HostClaim | undefined> {
  const endpoint = prepareEndpoint(options);
  const refuses = () => isRefused(endpoint.address);
  const lock = await takeLock({path: endpoint.lock, patienceMs: START_MS, refuses});
  if (lock === undefined) return undefined;
  removeLeftBehind(endpoint);
  return {endpoint, lock};
}
