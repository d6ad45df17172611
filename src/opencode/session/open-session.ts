import {messageOf, Refusal} from '../../base/errors.ts';
import {pause} from '../../base/pause.ts';
import type {RunRequest} from '../../delegation/model/run.ts';
import type {Connection} from '../server/connection.ts';
import type {Entrance} from '../server/entrance.ts';
import type {OpenCode} from '../server/opencode.ts';
import {NoAnswerError} from '../wire/answer.ts';
import {createSession, holdSession, type PromptRules} from './create-session.ts';
import type {HeldSessions} from './held-sessions.ts';
import {checkHeld} from './in-worktree.ts';
import {checkReading} from './right-place.ts';

/** A session on the server that it lives on. */
export interface OpenSession {
  readonly connection: Connection;
  readonly id: string;
  readonly directory: string;
  /** To be sent with the prompt. */
  readonly rules: PromptRules;
}

/** A session that could not be opened because the server went away is opened in the next one. */
const OPEN_ATTEMPTS = 6;
/** Its end may not be known yet, and the next one may be killed as well: longer after each attempt. */
const FIRST_PAUSE_MS = 200;

export interface OpenSessionOptions {
  /** For a delegation that is `read-only`, the one that holds that. */
  readonly server: OpenCode;
  readonly entrance: Entrance;
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
 * @throws Refusal when OpenCode would work elsewhere, cannot be started, may not look there, or goes away again and again,
 * and OpenCode's own words when it refuses the session.
 */
export async function openSession({
  server,
  entrance,
  request,
  readOnlyTools,
  sessions,
  isStopped,
}: OpenSessionOptions): Promise<OpenSession | undefined> {
  const {directory, continues} = request;
  checkReading(directory);
  if (continues !== undefined) await sessions.free(continues);
  for (let attempt = 1; ; attempt++) {
    try {
      const connection = await entrance.enter(server, request, `${request.delegationId} is to run`);
      if (isStopped()) return undefined;
      checkHeld(connection, request);
      const {client} = connection;
      if (continues === undefined) {
        const id = await createSession(client, request, {readOnlyTools});
        return {connection, id, directory, rules: {}};
      }
      const rules = await holdSession(client, continues, {request, readOnlyTools});
      return {connection, id: continues, directory, rules};
    } catch (error) {
      // The server may have ended since it was last needed; nothing was asked of a model yet.
      if (!(error instanceof NoAnswerError)) throw error;
      if (attempt === OPEN_ATTEMPTS) throw new Refusal(wentAway(error), {cause: error});
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), {});
    }
  }
}

function wentAway(error: NoAnswerError): string {
  return `OpenCode went away ${OPEN_ATTEMPTS} times while a session was opened: ${messageOf(error)}. Nothing was sent to the model. Delegate it again; the log of the host says how it ended.`;
}
