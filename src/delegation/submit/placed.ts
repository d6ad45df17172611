import {Refusal} from '../../base/errors.ts';
import type {Delegation} from '../model/delegation.ts';
import type {Environment} from '../model/ports.ts';
import type {DelegateInput} from './input.ts';

type Placing = Pick<DelegateInput, 'environment' | 'where'>;

const NO_POOL =
  'No pool is set for this client. Nothing was started. A person sets OPENCODE_DELEGATE_POOL; leave where out, or give "here".';

/**
 * A request with the environment of the place that it asks for, or that the client's settings name.
 * @throws Refusal when there is no such place.
 */
export function placed<Request extends Placing>(request: Request): Request {
  const {environment, where} = request;
  const {pool} = environment;
  if (environment.where !== undefined) return request;
  if (where === 'pool' && pool === undefined) throw new Refusal(NO_POOL);
  const isThere = where === 'pool' || (where === undefined && pool?.isDefault === true);
  return isThere && pool !== undefined ? {...request, environment: pool.environment} : request;
}

/**
 * The environment in which an ended delegation is continued: where it ran.
 * @throws Refusal when that is not to be had, or another place is asked for.
 */
export function whereContinued(source: Delegation, {environment, where}: Placing): Environment {
  const {id} = source;
  if (source.where === undefined) {
    if (where !== 'pool') return environment;
    throw new Refusal(
      `${id} ran here, and its session stays here. Leave where out, or delegate without continue.`,
    );
  }
  if (where === 'here') {
    throw new Refusal(
      `${id} ran in the pool, and is continued there. Leave where out, or delegate without continue, from its branch.`,
    );
  }
  if (environment.pool === undefined) throw new Refusal(`${id} ran in a pool. ${NO_POOL}`);
  return environment.pool.environment;
}
