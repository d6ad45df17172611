import {messageOf} from '../../base/errors.ts';
import type {RunRequest} from '../../delegation/model/ports.ts';
import {promptPart} from '../transcript/turn.ts';
import {done, NoAnswerError} from '../wire/answer.ts';
import {splitModel} from '../wire/model-name.ts';
import {surroundings} from './in-worktree.ts';
import type {OpenSession} from './open-session.ts';

/**
 * Sends a delegation's prompt to its session. A server that gives no answer may have it all the same: then its events
 * tell the end, as its death tells it otherwise.
 * @throws Error with OpenCode's own words when it refuses the prompt.
 */
export async function sendPrompt(
  {connection, id, rules}: OpenSession,
  request: RunRequest,
  warn: (what: string) => void,
): Promise<void> {
  const {agent, model, prompt, delegationId} = request;
  try {
    await done(
      connection.client.session.promptAsync({
        sessionID: id,
        agent,
        model: splitModel(model),
        ...surroundings(request),
        ...rules,
        parts: [promptPart(delegationId, prompt)],
      }),
    );
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    warn(`it is not known whether OpenCode has the prompt: ${messageOf(error)}`);
  }
}
