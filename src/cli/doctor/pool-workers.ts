import {randomUUID} from 'node:crypto';
import {messageOf} from '../../base/errors.ts';
import {NAME} from '../../base/name.ts';
import {oneLine} from '../../base/safe-text.ts';
import {isDriven, WANTED_VERSION} from '../../opencode/server/versions.ts';
import {LETTERS_VERSION} from '../../pool/mail/letters.ts';
import {openedPong, type Pong, ping} from '../../pool/mail/ping.ts';
import {MAX_SKEW_MS, type PoolQueue, type WorkerCard} from '../../pool/queue/queue.ts';
import type {GroupKey} from '../../pool/seal/group-key.ts';
import type {OwnerKey} from '../../pool/seal/owner-key.ts';
import {type Finding, failed, fine, warning} from './finding.ts';

/** A worker looks for what it is asked every few seconds, also where it was not woken. */
const ANSWER_MS = 12_000;

export interface CheckWorkersOptions {
  readonly keys: {readonly group: GroupKey; readonly owner: OwnerKey};
  /** Of this program. */
  readonly version: string;
  /** How long each has for its answer. */
  readonly withinMs?: number;
}

/** Sends a question through each worker, all at once, and says what came back and how long it took. */
export async function checkWorkers(
  queue: Pick<PoolQueue, 'workers' | 'ask'>,
  options: CheckWorkersOptions,
): Promise<readonly Finding[]> {
  const cards = await queue.workers();
  if (cards.length === 0) {
    const cure = `Start one: ${NAME} worker --owners all.`;
    return [warning('Pool workers', 'None serves it at the moment.', cure)];
  }
  return Promise.all(cards.map((card) => checkWorker(queue, card, options)));
}

async function checkWorker(
  queue: Pick<PoolQueue, 'ask'>,
  card: WorkerCard,
  {keys, version, withinMs = ANSWER_MS}: CheckWorkersOptions,
): Promise<Finding> {
  const what = `Pool worker ${oneLine(card.name)}`;
  const question = ping({id: `ping-${randomUUID()}`, worker: card.name}, keys);
  const asked = performance.now();
  const answer = await queue.ask(question, withinMs);
  const took = Math.round(performance.now() - asked);
  if (answer === undefined) {
    const says = `It has not answered in ${withinMs / 1_000} s. It says of itself: ${versionsOf(card)}.`;
    const cure =
      'Look at its log: it may be ending, frozen or cut off, or of an earlier version. What it has at work goes on if it comes back before its lease is over: after two minutes, unless the URL says otherwise.';
    return failed(what, new Error(says), cure);
  }
  if (answer.length === 0) {
    const cure =
      'Copy the group.key of one machine to the other. Without it, that worker refuses what you delegate.';
    return failed(what, new Error(`It answers in ${took} ms that it has another key than yours.`), cure);
  }
  try {
    return judged(openedPong(question, answer, keys.group), {what, took, card, version});
  } catch (error) {
    const cure = 'Somebody who has no key of the group has written into the database. Look at who may.';
    return failed(what, new Error(`Its answer is none of the group's: ${messageOf(error)}`), cure);
  }
}

interface Judging {
  readonly what: string;
  readonly took: number;
  readonly card: WorkerCard;
  readonly version: string;
}

function judged(pong: Pong, {what, took, card, version}: Judging): Finding {
  const skew = `Its clock differs from the database's by ${pong.skewMs} ms.`;
  const busy = `${card.busy} of ${card.concurrency} busy.`;
  const says = `It answers in ${took} ms: ${versionsOf(pong)}; ${busy} ${skew}`;
  if (pong.v !== LETTERS_VERSION) {
    const other = `It speaks version ${pong.v} of the pool's letters, and this machine ${LETTERS_VERSION}: each refuses what the other writes.`;
    return failed(what, new Error(`${says} ${other}`), `Install the same ${NAME} on both.`);
  }
  if (Math.abs(pong.skewMs) >= MAX_SKEW_MS) {
    const cure = 'Have that machine keep time with NTP: it takes nothing until its clock is right.';
    return failed(what, new Error(says), cure);
  }
  if (!pong.serves) {
    const cure = 'Have its operator add your name in the pool to its --owners.';
    return warning(what, `${says} It does not take your work.`, cure);
  }
  if (!isDriven(pong.opencode)) {
    const cure = `Install OpenCode ${WANTED_VERSION} on that machine.`;
    return warning(what, `${says} That OpenCode may not do its work.`, cure);
  }
  if (pong.version === version) return fine(what, says);
  return fine(what, `${says} This machine has ${version}, and both understand each other.`);
}

function versionsOf({version, opencode}: Pick<WorkerCard, 'version' | 'opencode'>): string {
  return `${NAME} ${oneLine(version)}, OpenCode ${oneLine(opencode)}`;
}
