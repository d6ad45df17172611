import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {isAlive} from '../alive.ts';
import {askHost} from './connect.ts';
import {type EndpointOptions, prepareEndpoint} from './endpoint.ts';
import {type Owner, readOwner} from './lock.ts';

const LOCK = /^([0-9a-f]{16})\.lock$/;

/** A host that runs, as its lock file tells. */
export interface RunningHost {
  readonly owner: Owner;
  /** True when it serves the environment we are called in. */
  readonly isOfThisEnvironment: boolean;
  /** `undefined` when it does not answer, as it starts or ends. */
  readonly load: {readonly connections: number; readonly delegations: number} | undefined;
}

/** The user's hosts whose lock files lie where this environment's would. */
export async function runningHosts(options: EndpointOptions): Promise<readonly RunningHost[]> {
  const {folder, key, address} = prepareEndpoint(options);
  const keys = readdirSync(folder).flatMap((name) => LOCK.exec(name)?.[1] ?? []);
  const hosts = keys.map(async (other): Promise<RunningHost | undefined> => {
    const owner = readOwner(join(folder, `${other}.lock`));
    if (owner === undefined || !isAlive(owner.pid)) return undefined;
    const answer = await askHost(address.replace(key, other));
    const load = answer?.kind === 'status' ? answer.status : undefined;
    return {owner, isOfThisEnvironment: other === key, load};
  });
  return (await Promise.all(hosts)).filter((host) => host !== undefined);
}
