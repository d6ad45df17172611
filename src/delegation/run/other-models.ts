import type {Delegation} from '../model/delegation.ts';
import type {Environment} from '../model/ports.ts';

/**
 * The models that can take the place of a delegation's own where that is refused, in order: those of the name that was
 * asked for. One that has answered, and is to repair its answer, stays with its model.
 */
export function otherModels(
  {
    model,
    modelName,
    passedOver = [],
    repair,
  }: Pick<Delegation, 'model' | 'modelName' | 'passedOver' | 'repair'>,
  {modelNames}: Pick<Environment, 'modelNames'>,
): readonly string[] {
  if (repair !== undefined) return [];
  const known = modelNames.find(({name}) => name === modelName)?.models ?? [];
  return known.filter((other) => other !== model && !passedOver.some((one) => one.model === other));
}
