import {isRefused} from './connect.ts';
import {type Endpoint, type EndpointOptions, prepareEndpoint} from './endpoint.ts';
import {type Lock, takeLock} from './lock.ts';

/** The right to be the host of an environment, and where to be it. */
export interface Claim {
  readonly endpoint: Endpoint;
  readonly lock: Lock;
}

/**
 * Becomes the host of this environment, or not: `undefined` when somebody else is. Cheap, as of twenty that
 * are started at once nineteen need no more than this.
 */
export async function claimHost(options: EndpointOptions): Promise<Claim | undefined> {
  const endpoint = prepareEndpoint(options);
  const lock = await takeLock({path: endpoint.lock, refuses: () => isRefused(endpoint.address)});
  return lock === undefined ? undefined : {endpoint, lock};
}
