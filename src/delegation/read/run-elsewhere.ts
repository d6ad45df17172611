import {Refusal} from '../../base/errors.ts';
import type {Delegation} from '../model/delegation.ts';

/** Only the process that runs a delegation reaches its agent. `and` says what follows from that, after the process. */
export function runElsewhere({id, client, owner}: Delegation, and: string): Refusal {
  return new Refusal(
    `${id} is run by another process (${client.name}, process ${owner.pid} on ${owner.hostname})${and}`,
  );
}
