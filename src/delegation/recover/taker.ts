import type {Owner} from '../model/delegation.ts';
import type {Environment, Environments} from '../model/ports.ts';

/**
 * The environment that takes over what an owner who is gone has left: that of the client that asked for it, so that
 * nobody's key pays for somebody else's work. No key of this machine pays for what runs elsewhere: that is taken hold of
 * by any client that can ask there. `undefined` where no such client is here.
 */
export function takerOf({environment, sessions}: Owner, environments: Environments): Environment | undefined {
  const isThere = (one: Environment) => one.where !== undefined && one.sessions === sessions;
  return environments.find(environment) ?? environments.all.find(isThere);
}
