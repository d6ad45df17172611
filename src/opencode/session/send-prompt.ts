import {messageOf} from '../../base/errors.ts';
import type {MessageText} from '../../delegation/model/message.ts';
import type {RunRequest} from '../../delegation/model/run.ts';
import {messagePart, promptPart, repairPart} from '../transcript/turn.ts';
import {done, NoAnswerError} from '../wire/answer.ts';
import {splitModel} from '../wire/model-name.ts';
import {surroundings} from './in-worktree.ts';
import type {OpenSession} from './open-session.ts';

export interface Sending {
  readonly session: OpenSession;
  readonly request: RunRequest;
  readonly warn: (what: string) => void;
}

/**
 * Sends a delegation's prompt to its session, with what it was told before it began. A server that gives no answer may
 * have it all the same: then its events tell the end, as its death tells it otherwise.
 * @throws Error with OpenCode's own words when it refuses the prompt.
 */
export async function sendPrompt(sending: Sending, messages: readonly MessageText[]): Promise<void> {
  const {delegationId, prompt, besides, isRepair = false} = sending.request;
  const part = isRepair ? repairPart : promptPart;
  const told = messages.map((words) => messagePart(delegationId, words));
  const more = besides === undefined ? [] : [part(delegationId, besides)];
  await send(sending, [part(delegationId, prompt), ...more, ...told]);
}

/** Sends what a delegation is told while its agent works. As {@link sendPrompt}. */
export async function sendMessage(sending: Sending, words: MessageText): Promise<void> {
  await send(sending, [messagePart(sending.request.delegationId, words)]);
}

/** Agent and model are sent each time: OpenCode takes the default where they are left out. */
async function send(
  {session: {connection, id, rules}, request, warn}: Sending,
  parts: readonly ReturnType<typeof promptPart>[],
): Promise<void> {
  const {agent, model} = request;
  try {
    await done(
      connection.client.session.promptAsync({
        sessionID: id,
        agent,
        model: splitModel(model),
        ...surroundings(request),
        ...rules,
        parts: [...parts],
      }),
    );
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    warn(`it is not known whether OpenCode has the prompt: ${messageOf(error)}`);
  }
}
