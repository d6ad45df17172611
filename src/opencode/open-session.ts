import type {RunRequest} from '../delegation/ports.ts';
import {createSession, holdSession} from './create-session.ts';
import type {HeldSessions} from './held-sessions.ts';
import type {OpenCode} from './opencode.ts';
import type {OpenSession} from './turn-end.ts';

/** A session that could not be opened because the server went away is opened in the next one. */
const OPEN_ATTEMPTS = 3;

export interface OpenSessionOptions {
  readonly opencode: OpenCode;
  /** The one that holds `read-only`. */
  readonly guarded: OpenCode;
  readonly request: RunRequest;
  /** Names of the MCP tools that a read-only session keeps. */
  readonly readOnlyTools: readonly string[];
  /** Those that runs have not let go of. */
  readonly sessions: HeldSessions;
  /** Asked before anything is opened. */
  readonly isStopped: () => boolean;
}

/**
 * Opens the session that a delegation runs in, or the one that it goes on in as soon as nobody else is in it;
 * `undefined` when a stop came first.
 * @throws Refusal when OpenCode cannot be started, and OpenCode's own words when it refuses the session.
 */
export async function openSession({
  opencode,
  guarded,
  request,
  readOnlyTools,
  sessions,
  isStopped,
}: OpenSessionOptions): Promise<OpenSession | undefined> {
  const {directory, continues} = request;
  if (continues !== undefined) await sessions.free(continues);
  for (let attempt = 1; ; attempt++) {
    const connection = await (request.access === 'read-only' ? guarded : opencode).connect();
    if (isStopped()) return undefined;
    try {
      const {client} = connection;
      if (continues === undefined) {
        const id = await createSession(client, request, {readOnlyTools});
        return {connection, id, directory, rules: {}};
      }
      const rules = await holdSession(client, continues, {request, readOnlyTools});
      return {connection, id: continues, directory, rules};
    } catch (error) {
      // The server may have ended since it was last needed; nothing was asked of a model yet.
      if (connection.isAlive || attempt === OPEN_ATTEMPTS) throw error;
    }
  }
}
