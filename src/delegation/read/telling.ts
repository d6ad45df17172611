import {deferred} from '../../base/deferred.ts';
import {messageOf, Refusal} from '../../base/errors.ts';
import type {AgentAtWork} from '../live/agent-at-work.ts';
import type {LiveDelegation} from '../live/live.ts';
import {asksOf, type Delegation, hasEnded} from '../model/delegation.ts';
import {type Delivery, MAX_MESSAGE_CHARS, MAX_MESSAGES, type SentMessage} from '../model/message.ts';
import {runElsewhere} from './run-elsewhere.ts';

/** What came of telling a delegation something. */
export interface MessageTaken {
  readonly delegation: Delegation;
  readonly message: SentMessage;
  /** When its agent gets it. */
  readonly delivery: Delivery;
}

/**
 * Tells a delegation something, which is live where this process runs it. What is taken stands in the record first.
 * @throws Refusal when it has ended, is run elsewhere, or does not take it.
 */
export async function tellTo(
  {delegation, live}: {delegation: Delegation; live: LiveDelegation | undefined},
  text: string,
): Promise<MessageTaken> {
  const {id, state} = delegation;
  check(delegation, text);
  if (hasEnded(state)) throw tooLate(delegation);
  if (live === undefined)
    throw runElsewhere(
      delegation,
      ', and its agent was not given this. Say it from the client that started it.',
    );
  const message = await live.additions.takeDown(text);
  if (message === undefined) {
    if (hasEnded(live.record.state)) throw tooLate(live.record);
    throw new Refusal(`${id} was not told anything: the message could not be written to its record.`);
  }
  const delivery = await delivered(live, message);
  const {record} = live;
  const isRead = record.messages?.some(({number, readAt}) => number === message.number && readAt);
  if (delivery === undefined || (hasEnded(record.state) && !isRead)) throw tooLate(record);
  return {delegation: record, message, delivery};
}

/** Resolves with `undefined` when it has ended before its agent could be given it. */
async function delivered(live: LiveDelegation, message: SentMessage): Promise<Delivery | undefined> {
  const {agent, record} = live;
  // Its record has it, so it goes with the prompt.
  if (agent === undefined) return hasEnded(record.state) ? undefined : 'beginning';
  const isBlocked = asksOf(record).length > 0;
  try {
    const delivery = await agent.tell(message);
    if (delivery === undefined) return await later(live, agent);
    return isBlocked ? 'reply' : delivery;
  } catch (error) {
    throw new Refusal(
      `OpenCode did not take it, so the agent of ${record.id} does not have it: ${messageOf(error)}. The record keeps it. Tell it again.`,
      {cause: error},
    );
  }
}

/** Its run is over: that is its end, unless nothing was sent to the model and it is begun again, with what it was told. */
async function later(live: LiveDelegation, agent: AgentAtWork): Promise<Delivery | undefined> {
  const isOver = () => live.agent !== agent || hasEnded(live.record.state);
  const over = deferred<void>();
  const unwatch = live.watch(() => isOver() && over.resolve());
  if (!isOver()) await over.promise;
  unwatch();
  return hasEnded(live.record.state) ? undefined : 'beginning';
}

function check({id, messages = []}: Delegation, text: string): void {
  if (text.trim() === '') throw new Refusal('The message is empty: say what its agent is to know.');
  if (text.length > MAX_MESSAGE_CHARS) {
    throw new Refusal(
      `The message has ${text.length.toLocaleString('en-US')} characters; the limit is ${MAX_MESSAGE_CHARS.toLocaleString('en-US')}. Put long material into a file and name the file.`,
    );
  }
  if (messages.length >= MAX_MESSAGES) {
    throw new Refusal(
      `${id} was told ${MAX_MESSAGES} things already, which is the limit. delegation_read("${id}") waits for its end.`,
    );
  }
}

function tooLate({id, state}: Delegation): Refusal {
  const status = hasEnded(state) ? ` (${state.status})` : '';
  return new Refusal(
    `Too late: ${id} has ended${status}, and its agent was not given this. delegate(continue: "${id}", prompt) has it go on.`,
  );
}
