import {messageOf} from '../../base/errors.ts';
import {timeLimit} from '../../base/time-limit.ts';
import type {Snapshot} from '../../delegation/model/run.ts';
import type {OpenSession} from '../session/open-session.ts';
import type {SessionWork} from '../session/session-work.ts';
import type {Transcript} from '../transcript/transcript.ts';
import {type Turn, turnOf} from '../transcript/turn.ts';
import {conclude, judgeTurn} from '../transcript/verdict.ts';
import {dataOf, done} from '../wire/answer.ts';
import type {TurnEnd} from './turn-end.ts';

/** Reading what there is must not delay a stop; after it there is little to be late for. */
const READ_MS = 1_500;
const LAST_READ_MS = 3_000;
/** How long an aborted session may take to stop before its slot is given away all the same. */
export const ABORT_GRACE_MS = 5_000;

/**
 * What the server has stored of a session by now.
 * @throws when it cannot be read, or not in time.
 */
async function readInTime({connection, id}: OpenSession, ms: number): Promise<Transcript> {
  const {signal, clear} = timeLimit(ms);
  try {
    return await dataOf(connection.client.session.messages({sessionID: id}, {signal}));
  } finally {
    clear();
  }
}

/** Aborts a session that is at work. Resolves when it has become idle, or after a grace, of which it warns. */
export async function abortSession(
  session: OpenSession | undefined,
  turn: TurnEnd | undefined,
  warn: (what: string) => void,
): Promise<void> {
  if (session?.connection.isAlive !== true || turn?.isWorking !== true) return;
  try {
    await abort(session, turn);
  } catch (error) {
    const within = `within ${ABORT_GRACE_MS / 1_000} s`;
    warn(`session ${session.id} did not stop ${within}, its slot is given away: ${messageOf(error)}`);
  }
}

/** @throws when it has not become idle within {@link ABORT_GRACE_MS}. */
async function abort({connection, id, directory}: OpenSession, turn: TurnEnd): Promise<void> {
  const {signal, clear} = timeLimit(ABORT_GRACE_MS);
  const late = new Promise<'late'>((resolve) => signal.addEventListener('abort', () => resolve('late')));
  const idle = turn.becomesIdle();
  try {
    // Of a session that somebody has deleted, OpenCode knows the directory no longer.
    await done(connection.client.session.abort({sessionID: id, directory}, {signal}));
    if ((await Promise.race([idle, late])) === 'late') throw new Error('it is still busy');
  } finally {
    clear();
  }
}

export interface SnapshotsOptions {
  readonly turn: Turn;
  readonly work: SessionWork;
  readonly warn: (what: string) => void;
}

/** Looks at what an agent has produced by some moment, judged as at any other end: the answer may be complete. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  #isUnread = false;
  #isLastKept = false;
  #isClosed = false;
  #last: Snapshot | undefined;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** True when the server had something that could not be read when it was looked at last. */
  get isUnread(): boolean {
    return this.#isUnread;
  }

  /** Has it look once more before nobody looks any more. */
  keepLast(): void {
    this.#isLastKept = true;
  }

  /** Nobody looks any more when this resolves. Never rejects. */
  async close(session: OpenSession | undefined): Promise<void> {
    if (this.#isLastKept) this.#last = await this.#read(session, LAST_READ_MS);
    this.#isClosed = true;
  }

  /** The last one there is where nobody looks any more. Never rejects: what cannot be read is not there. */
  async take(session: OpenSession | undefined): Promise<Snapshot> {
    return this.#last ?? this.#read(this.#isClosed ? undefined : session, READ_MS);
  }

  async #read(session: OpenSession | undefined, ms: number): Promise<Snapshot> {
    const {turn, work, warn} = this.#options;
    const nothing = {product: work.unfinished(), isAnswered: false};
    if (session?.connection.isAlive !== true) return nothing;
    try {
      const stored = turnOf(await readInTime(session, ms), turn);
      this.#isUnread = false;
      work.merge(stored);
      const judged = judgeTurn(stored);
      const verdict = conclude(judged, stored);
      return verdict.is === 'answered'
        ? {
            product: work.answered(verdict),
            isAnswered: true,
            ...(judged.is !== 'answered' && {isGoingOn: true}),
          }
        : {product: work.unfinished(), isAnswered: false};
    } catch (error) {
      this.#isUnread = true;
      warn(`its messages could not be read: ${messageOf(error)}`);
      return nothing;
    }
  }
}
