import {Refusal} from '../../base/errors.ts';
import type {LiveDelegation} from '../live/live.ts';
import type {Decision, Reply} from '../model/ask.ts';
import {asksOf, type Delegation, hasEnded} from '../model/delegation.ts';
import {runElsewhere} from './run-elsewhere.ts';

/** What came of a reply. */
export interface Replied {
  readonly delegation: Delegation;
  readonly decision: Decision;
}

/**
 * Answers a request of a delegation, which is live where this process runs it.
 * @throws Refusal when it waits for no answer, or not for this one.
 */
export async function replyTo(
  {delegation, live}: {delegation: Delegation; live: LiveDelegation | undefined},
  reply: Reply,
): Promise<Replied> {
  const {id, state} = delegation;
  if (hasEnded(state)) throw new Refusal(`${id} has ended (${state.status}): it waits for no answer.`);
  if (live === undefined) throw runElsewhere(delegation, '. Answer it from the client that started it.');
  const asks = live.agent?.asks;
  if (asks === undefined || (asksOf(live.record).length === 0 && reply.number === undefined)) {
    throw new Refusal(
      `${id} asks for nothing at the moment: nothing was answered. delegation_read("${id}") waits for its end.`,
    );
  }
  const decision = await asks.answer(reply);
  return {delegation: live.record, decision};
}
