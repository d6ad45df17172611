import {deferred} from '../../base/deferred.ts';
import {messageOf, Refusal} from '../../base/errors.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import {type FromOwner, LETTERS_VERSION, LUGGAGE, WHOLE, type WorkOrder} from '../mail/letters.ts';
import type {Mail} from '../mail/mail.ts';
import {reached} from '../queue/reached.ts';
import {CannotFetch} from '../travel/fetched.ts';
import type {Travel} from '../travel/travel.ts';
import type {Arrival, WorkerCode} from './code.ts';

/** An owner whose machine is there answers sooner. For longer, nobody's work is held up by one that is not. */
const OWNER_MS = 10 * 60_000;

type Answer = Extract<FromOwner, {is: 'whole' | 'not whole'}>;

export interface ArrivingOptions {
  readonly job: string;
  readonly order: WorkOrder;
  readonly code: Pick<WorkerCode, 'arrive'>;
  readonly mail: Mail;
  readonly signal: AbortSignal;
  readonly ownerMs?: number;
}

/**
 * Gets the code of a job here. What cannot be fetched, its owner is asked to send, once.
 * @returns also what the owner should know of it: whole sentences.
 * @throws Refusal where it cannot be had, with the reason; the signal's reason when it aborts.
 */
export async function arriving(
  options: ArrivingOptions,
): Promise<{readonly arrival: Arrival; readonly notes: readonly string[]}> {
  const {job, order, code, mail, signal} = options;
  try {
    const luggage = () => mail.getFile(LUGGAGE);
    return {
      arrival: await reached(() => code.arrive(job, order.travel, {luggage, signal}), signal),
      notes: [],
    };
  } catch (error) {
    if (!(error instanceof CannotFetch)) throw error;
    const travel = await wholeFrom(options, error.message);
    const luggage = () => mail.getFile(WHOLE);
    const arrival = await reached(() => code.arrive(job, travel, {luggage, signal}), signal).catch(
      (again: unknown) => {
        throw again instanceof CannotFetch ? new Refusal(messageOf(again), {cause: again}) : again;
      },
    );
    const bytes = travel.way === 'bundle' ? ` of ${travel.bytes} bytes` : '';
    return {arrival, notes: [`${error.message} So all of it was sent in a bundle${bytes}.`]};
  }
}

async function wholeFrom(options: ArrivingOptions, why: string): Promise<Travel> {
  const {order, ownerMs = OWNER_MS} = options;
  const answer = await answerOf(options, {why, ownerMs});
  if (answer === undefined) {
    throw new Refusal(
      `${why} Its owner's machine was to send all of it, and has not answered in ${ownerMs / 60_000} minutes. Nothing was begun. Delegate it again while that machine is on, or give the worker access to the remote.`,
    );
  }
  if (answer.is === 'not whole') throw new Refusal(`${why} It cannot be sent whole. ${answer.why}`);
  const {travel} = answer;
  const {repository, commit, head, prefix} = order.travel;
  const isSame =
    travel.repository === repository &&
    travel.commit === commit &&
    travel.head === head &&
    travel.prefix === prefix;
  if (isSame) return travel;
  throw new Refusal('Its owner has sent other code than the job is for. Nothing was begun.');
}

/** What the owner answers, or has answered to an earlier worker; `undefined` where nothing comes in time. */
async function answerOf(
  {mail, signal}: ArrivingOptions,
  {why, ownerMs}: {readonly why: string; readonly ownerMs: number},
): Promise<Answer | undefined> {
  const answered = deferred<Answer>();
  const aborted = deferred<never>();
  aborted.promise.catch(() => {});
  const abort = () => aborted.reject(signal.reason);
  let answer: Answer | undefined;
  const take = (letter: FromOwner) => {
    if (letter.is !== 'whole' && letter.is !== 'not whole') return;
    answer ??= letter;
    answered.resolve(letter);
  };
  const listening = await reached(() => mail.atWorker(take, () => {}), signal);
  try {
    if (answer !== undefined) return answer;
    signal.throwIfAborted();
    signal.addEventListener('abort', abort);
    await reached(() => mail.toOwner({v: LETTERS_VERSION, is: 'cannot fetch', why}), signal);
    return await withTimeout(ownerMs, Promise.race([answered.promise, aborted.promise]), undefined);
  } finally {
    signal.removeEventListener('abort', abort);
    await listening.close();
  }
}
