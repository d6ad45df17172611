import type {PoolJob} from '../queue/queue.ts';
import type {SealContext} from './context.ts';
import type {GroupKey} from './group-key.ts';
import {type OwnerKey, verified} from './owner-key.ts';
import {SealBroken} from './seal-broken.ts';

/** What an owner gives to the pool, before it is sealed. */
export interface PlainJob {
  readonly id: string;
  readonly route: string;
  readonly notAfter: number;
  readonly body: Uint8Array;
}

/** The job as the queue has it: signed by its owner, together with all that the queue sees, and sealed for the group. */
export function sealedJob(
  plain: PlainJob,
  keys: {readonly group: GroupKey; readonly owner: OwnerKey},
): PoolJob {
  const {id, route, notAfter, body} = plain;
  const context = contextOf({...plain, owner: keys.owner.fingerprint});
  const sealed = keys.group.sealed(keys.owner.signed(body, context), context);
  return {id, owner: keys.owner.fingerprint, route, notAfter, body: sealed};
}

/**
 * What an owner has given, if this job is exactly that.
 * @param isServed whether an owner may submit, by the fingerprint.
 * @throws SealBroken when anything of it was changed, or it is signed by somebody else than its owner, or its owner may
 *   not submit.
 */
export function openedJob(job: PoolJob, group: GroupKey, isServed: (owner: string) => boolean): Uint8Array {
  const context = contextOf(job);
  const {owner, plain} = verified(group.opened(job.body, context), context);
  if (owner !== job.owner) throw new SealBroken('It is signed by another owner than it says.');
  if (!isServed(owner)) throw new SealBroken(`Its owner, ${owner}, is not among those that are served here.`);
  return plain;
}

function contextOf({id, owner, route, notAfter}: Omit<PoolJob, 'body'>): SealContext {
  return ['job', id, owner, route, String(notAfter)];
}
