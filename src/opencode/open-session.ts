import type {RunRequest} from '../delegation/ports.ts';
import {dataOf} from './answer.ts';
import {splitModel} from './model-name.ts';
import type {OpenCode} from './opencode.ts';
import type {OpenSession} from './turn-end.ts';

/** A session that could not be opened because the server went away is opened in the next one. */
const OPEN_ATTEMPTS = 3;

export interface OpenSessionOptions {
  readonly opencode: OpenCode;
  readonly request: RunRequest;
  /** Asked before anything is opened. */
  readonly isStopped: () => boolean;
}

/**
 * Opens the session that a delegation runs in; `undefined` when a stop came first.
 * @throws Refusal when OpenCode cannot be started, and OpenCode's own words when it refuses the session.
 */
export async function openSession({
  opencode,
  request,
  isStopped,
}: OpenSessionOptions): Promise<OpenSession | undefined> {
  const {directory, agent, model, title, delegationId} = request;
  const {providerID, modelID} = splitModel(model);
  for (let attempt = 1; ; attempt++) {
    const connection = await opencode.connect();
    if (isStopped()) return undefined;
    try {
      const {id} = await dataOf(
        connection.client.session.create({
          directory,
          title,
          agent,
          model: {id: modelID, providerID},
          metadata: {delegation: delegationId},
        }),
      );
      return {connection, id, directory};
    } catch (error) {
      // The server may have ended since it was last needed; nothing was asked of a model yet.
      if (connection.isAlive || attempt === OPEN_ATTEMPTS) throw error;
    }
  }
}
