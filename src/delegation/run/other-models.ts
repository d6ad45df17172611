import type {DelegationHead} from '../model/delegation.ts';
import type {Environment} from '../model/ports.ts';

/** The models that can take the place of a delegation's own where that is refused, in order: those of the name that was asked for. */
export function otherModels(
  {model, modelName, passedOver = []}: Pick<DelegationHead, 'model' | 'modelName' | 'passedOver'>,
  {modelNames}: Pick<Environment, 'modelNames'>,
): readonly string[] {
  const known = modelNames.find(({name}) => name === modelName)?.models ?? [];
  return known.filter((other) => other !== model && !passedOver.some((one) => one.model === other));
}
