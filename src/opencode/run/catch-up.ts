import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {OpenSession} from '../session/open-session.ts';
import type {SessionWork} from '../session/session-work.ts';
import {type Turn, turnOf} from '../transcript/turn.ts';
import {dataOf} from '../wire/answer.ts';

export interface CatchUpOptions {
  readonly session: OpenSession | undefined;
  readonly turn: Turn;
  readonly work: SessionWork;
  readonly log: Logger;
}

/**
 * Finds out what was done, and used, while no events came. A session that was opened meanwhile below it is heard from now
 * on. Never rejects: what cannot be read is logged.
 */
export async function catchUp({session, turn, work, log}: CatchUpOptions): Promise<void> {
  if (session === undefined) return;
  const {connection, id} = session;
  const {client} = connection;
  try {
    const stored = turnOf(await dataOf(client.session.messages({sessionID: id})), turn);
    work.merge(stored);
    await work.readBelow(stored, client);
    for (const child of work.below) connection.isBelow(child, id);
  } catch (error) {
    log.debug(`${turn.delegationId}: what was missed could not be read: ${messageOf(error)}`);
  }
}
