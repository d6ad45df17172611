import type {Delegation} from '../model/delegation.ts';
import type {End} from '../model/end.ts';
import {NO_PRODUCT, type Product} from '../model/run.ts';

/** The end of one that is cancelled while the process that has it does not answer. */
export function cancelledUnasked({owner}: Pick<Delegation, 'owner'>, product: Product): End {
  const error = `It was cancelled on request. The process that had it (${owner.pid} on ${owner.hostname}) could not be reached; if it is still there, it stops as soon as it sees that.`;
  return {outcome: 'cancelled', product, error};
}

/** The end of one that is cancelled while its pool cannot be asked, so that nothing of what it has done is here. */
export function cancelledElsewhere({worktree}: Pick<Delegation, 'worktree'>): End {
  const error =
    'It was cancelled on request. Its pool could not be asked: its worker goes on until this machine reaches the pool again, and is told to stop then.';
  const notes = [
    'What it had done is on no branch here. It stays in the pool, for as long as results are kept there.',
  ];
  return {
    ...{outcome: 'cancelled', product: NO_PRODUCT, error},
    ...(worktree !== undefined && {worktree: {...worktree, outcome: {is: 'kept', diffstat: '', notes}}}),
  };
}
