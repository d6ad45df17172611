import {readdirSync} from 'node:fs';
import {isAlive} from '../alive.ts';
import {askHost} from './connect.ts';
import {candidateFolders, type EndpointOptions, endpointIn, locateEndpoint} from './endpoint.ts';
import {type Owner, readOwner} from './lock.ts';
import {isPrivateFolder} from './private-folder.ts';

const LOCK = /^([0-9a-f]{16})\.lock$/;

/** A host that runs, as its lock file tells. */
export interface RunningHost {
  readonly owner: Owner;
  /** True when it serves the environment we are called in. */
  readonly isOfThisEnvironment: boolean;
  /** `undefined` when it does not answer, as it starts or ends. */
  readonly load: {readonly connections: number; readonly delegations: number} | undefined;
}

/** The user's hosts, in every folder in which they can lie: clients differ in what they pass on of it. */
export async function runningHosts(options: EndpointOptions): Promise<readonly RunningHost[]> {
  const {lock: own} = locateEndpoint(options);
  const hosts = candidateFolders(options).flatMap((folder) =>
    keysIn(folder).map(async (key): Promise<RunningHost | undefined> => {
      const {lock, address} = endpointIn(folder, key, options.platform);
      const owner = readOwner(lock);
      if (owner === undefined || !isAlive(owner.pid)) return undefined;
      const answer = await askHost(address);
      const load = answer?.kind === 'status' ? answer.status : undefined;
      return {owner, isOfThisEnvironment: lock === own, load};
    }),
  );
  return (await Promise.all(hosts)).filter((host) => host !== undefined);
}

/** What somebody else could have put there is no host of ours. */
function keysIn(folder: string): readonly string[] {
  if (!isPrivateFolder(folder)) return [];
  return readdirSync(folder).flatMap((name) => LOCK.exec(name)?.[1] ?? []);
}
