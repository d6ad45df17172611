import type {Logger} from '../log.ts';
import {type Delegation, type DelegationHead, hasEnded} from './delegation.ts';
import {LiveDelegation} from './live.ts';
import {isGone} from './owner.ts';
import {NO_PRODUCT, type Store} from './ports.ts';

export interface OrphansOptions {
  readonly store: Store;
  readonly log: Logger;
  readonly now: () => number;
}

/** True for a record that has no end and whose owner, surely gone, will never give it one. */
export function isOrphan(head: DelegationHead): boolean {
  return !hasEnded(head.state) && isGone(head.owner);
}

/** Gives an orphan its end: `interrupted`, with where what it had done can be found. */
export async function settleOrphan(head: DelegationHead, options: OrphansOptions): Promise<Delegation> {
  const record = await options.store.read(head.project, head.id);
  if (record === undefined) return {...head, prompt: '', text: ''};
  if (!isOrphan(record)) return record;
  const session = record.state.status === 'running' ? record.state.sessionId : undefined;
  const rest =
    session === undefined
      ? 'It had not started to run. Delegate it again.'
      : `What the agent had done by then is in its OpenCode session: opencode --session ${session}`;
  return new LiveDelegation(record, options).end({
    outcome: 'interrupted',
    product: {...NO_PRODUCT, text: record.text},
    error: `The process that ran it (${record.owner.pid}) is gone. ${rest}`,
  });
}
