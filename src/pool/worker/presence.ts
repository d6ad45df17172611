import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {askerOf, sealedPong} from '../mail/ping.ts';
import type {PoolQuestion, PoolQueue, WorkerSelf} from '../queue/queue.ts';
import type {GroupKey} from '../seal/group-key.ts';
import type {Allowed} from './admission.ts';

export interface PresenceOptions {
  readonly queue: Pick<PoolQueue, 'now'>;
  readonly group: GroupKey;
  readonly self: WorkerSelf;
  readonly allowed: Allowed;
  readonly log: Logger;
}

/** A worker's answer to an owner who asks whether it is there. Empty for those who have another key than its group. */
export async function presence(
  question: PoolQuestion,
  {queue, group, self, allowed, log}: PresenceOptions,
): Promise<Uint8Array> {
  let asker: string;
  try {
    asker = askerOf(question, group);
  } catch (error) {
    log.warn(`a question is not answered: ${messageOf(error)}`);
    return new Uint8Array();
  }
  const {version, opencode} = self;
  const skewMs = Math.round((await queue.now()) - Date.now());
  const serves = allowed.owners === 'all' || allowed.owners.includes(asker);
  return sealedPong(question, group, {version, opencode, skewMs, serves});
}
