import type {Snapshot} from '../delegation/ports.ts';
import {dataOf, done} from './answer.ts';
import type {SessionWork} from './session-work.ts';
import {timeLimit} from './time-limit.ts';
import {judge, type Transcript} from './transcript.ts';
import {type Turn, turnOf} from './turn.ts';
import type {OpenSession, TurnEnd} from './turn-end.ts';

/** Reading what there is, before a stop, must not delay the stop. */
const READ_MS = 1_500;
/** How long an aborted session may take to stop before its slot is given away all the same. */
export const ABORT_GRACE_MS = 5_000;

/**
 * What the server has stored of a session by now.
 * @throws when it cannot be read, or not in time.
 */
async function readInTime({connection, id}: OpenSession): Promise<Transcript> {
  const {signal, clear} = timeLimit(READ_MS);
  try {
    return await dataOf(connection.client.session.messages({sessionID: id}, {signal}));
  } finally {
    clear();
  }
}

/**
 * Aborts a session. Resolves when it has become idle.
 * @throws when it has not within {@link ABORT_GRACE_MS}.
 */
export async function abort({connection, id}: OpenSession, turn: TurnEnd): Promise<void> {
  const {signal, clear} = timeLimit(ABORT_GRACE_MS);
  const late = new Promise<'late'>((resolve) => signal.addEventListener('abort', () => resolve('late')));
  const idle = turn.becomesIdle();
  try {
    await done(connection.client.session.abort({sessionID: id}, {signal}));
    if ((await Promise.race([idle, late])) === 'late') throw new Error('it is still busy');
  } finally {
    clear();
  }
}

/**
 * What the agent has produced by now, judged as at any other end: the answer may be complete.
 * @throws when it cannot be read, or not in time.
 */
export async function takeSnapshot(session: OpenSession, turn: Turn, work: SessionWork): Promise<Snapshot> {
  const stored = turnOf(await readInTime(session), turn);
  work.merge(stored);
  const verdict = judge(stored);
  return verdict.is === 'answered'
    ? {product: work.answered(verdict.text), isAnswered: true}
    : {product: work.unfinished(), isAnswered: false};
}
