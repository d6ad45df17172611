import {deferred} from '../../base/deferred.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {LateAnswer} from './ends.ts';
import type {PoolLink} from './link.ts';
import {keepEnd} from './taking.ts';

/** A worker that was only frozen, or cut off, is back by then. For so long, the pool keeps what is left of its job. */
const LATE_MS = 24 * 60 * 60_000;

export interface LateAnswerOptions {
  readonly link: PoolLink;
  /** When the delegation got its end, in milliseconds since the epoch. */
  readonly endedAt: number;
  /** Aborts when nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** Aborts after that: it is still found out whether there is anything to wait for. */
  readonly closed: AbortSignal;
}

/**
 * Waits for what a lost worker may still say of a job whose end this machine has. No other machine collects it from here
 * on. Resolves with `undefined` where nothing comes in time, what comes says nothing, or the job was not lost to a worker.
 * @throws the signal's reason when it aborts.
 */
export async function lateAnswer(
  job: string,
  {link, endedAt, signal, closed}: LateAnswerOptions,
): Promise<LateAnswer | undefined> {
  const standing = await link.persist(({queue}) => queue.standing(job), {signal: closed});
  if (standing.is !== 'lost' || standing.worker === undefined) return undefined;
  const mail = await link.mailOf(job);
  await link.persist(({queue}) => keepEnd(mail, queue, link.self), {signal});
  const came = deferred<LateAnswer | undefined>();
  const stop = () => came.resolve(undefined);
  const listening = await link.persist(
    () =>
      mail.atOwner(
        (letter) => {
          if (letter.is === 'late') came.resolve(letter);
        },
        () => {},
      ),
    {signal},
  );
  signal.addEventListener('abort', stop);
  try {
    const answer = await withTimeout(Math.max(0, endedAt + LATE_MS - Date.now()), came.promise, undefined);
    if (answer === undefined) signal.throwIfAborted();
    return answer?.product.text === '' ? undefined : answer;
  } finally {
    signal.removeEventListener('abort', stop);
    await listening.close();
  }
}
