import {type NearLimit, nearestLimit, nearWords} from './ceiling.ts';
import {type DelegationHead, hasEnded, NO_USAGE, type Usage} from './delegation.ts';

/** What a delegation has used so far, or in all once it has ended. */
export function knownUsage({state}: DelegationHead): Usage {
  if (hasEnded(state)) return state.work.usage;
  return ('usage' in state ? state.usage : undefined) ?? NO_USAGE;
}

/** The limit of its own that a delegation is near; `undefined` once it has ended. */
function nearLimitOf(head: DelegationHead): NearLimit | undefined {
  return hasEnded(head.state) ? undefined : nearestLimit(knownUsage(head), head.ceilings ?? {});
}

/** How near a delegation is to a limit, in a few words; `undefined` while there is nothing to say. */
export function nearnessOf({
  delegation,
  near,
}: {
  readonly delegation: DelegationHead;
  readonly near?: NearLimit | undefined;
}): string | undefined {
  const limit = near ?? nearLimitOf(delegation);
  return limit && nearWords(limit);
}
