import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import type {RunRequest} from '../delegation/ports.ts';
import {dataOf} from './answer.ts';
import {splitModel} from './model-name.ts';

/** Creates the session of a delegation. Resolves with its id. */
export async function createSession(client: OpencodeClient, request: RunRequest): Promise<string> {
  const {directory, agent, model, title, delegationId} = request;
  const {providerID, modelID} = splitModel(model);
  const {id} = await dataOf(
    client.session.create({
      directory,
      title,
      agent,
      model: {id: modelID, providerID},
      metadata: {delegation: delegationId},
    }),
  );
  return id;
}
