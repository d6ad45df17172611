import type {Product, RunEnd} from '../../delegation/model/run.ts';
import type {JobResult} from '../mail/letters.ts';
import type {JobStanding} from '../queue/queue.ts';

/** The end that a worker has given a delegation, as a run tells it. */
export function endOfJob({outcome, product, error, atLimit}: JobResult): RunEnd {
  if (outcome === 'completed') return {outcome, product};
  const why = error ?? 'Its worker did not say why.';
  if (outcome === 'interrupted') return {outcome, product, error: why};
  return {outcome, product, error: why, ...(atLimit !== undefined && {atLimit})};
}

/** The end of one whose worker is gone. */
export function lostEnd({worker, why}: Extract<JobStanding, {is: 'lost'}>, product: Product): RunEnd {
  if (worker === undefined) {
    const error = `No worker of the pool has begun it: ${why}. Nothing was sent to a model. Delegate it again, or run a worker that serves this repository.`;
    return {outcome: 'interrupted', product, error};
  }
  const error = `The pool has lost its worker ${worker}: ${why}. It is not run again by itself, as it may have cost money and changed files. What its last checkpoint had is here. Go on from there with continue.`;
  return {outcome: 'interrupted', product, error};
}

/** The end of one of which nothing more will come. */
export function unreadableEnd(why: string, product: Product): RunEnd {
  return {outcome: 'interrupted', product, error: `Nothing more comes of it from the pool: ${why}.`};
}
