import {Refusal} from '../../base/errors.ts';

/** The refusal of code that cannot be sent. @param why without a full stop, with what would help. */
export function cannotTravel(why: string, cause?: Error): Refusal {
  return new Refusal(`The code cannot travel to a worker: ${why}.`, {cause});
}
