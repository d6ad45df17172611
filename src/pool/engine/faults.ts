import {messageOf} from '../../base/errors.ts';
import {FileMissing, JobOver, LeaseLost, PoolFull, PoolUnreachable} from '../queue/errors.ts';

/** What a Postgres says that has no room, or may not take more. */
const FULL = /^(53100|53200)$/;
/**
 * What a Postgres says that is starting or ending, has no connection free, or could not come to an end with something.
 * What was asked for is in order: the same is done when it is asked again.
 */
const AWAY = /^(08\w{3}|25006|40\w{3}|53\w{3}|55P03|57\w{3}|58\w{3})$/;
/** A login that it refuses, or a database that it does not have: a person is about to change that, or has to. */
const REFUSED = /^(28\w{3}|3D000)$/;
const REFUSED_WORDS = /^(NOAUTH|WRONGPASS|NOPERM|ERR invalid password|ERR AUTH) ?/;
const AWAY_CODES = /^(ECONN\w+|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;
const AWAY_WORDS =
  /connection (is )?(terminated|closed|ended)|timeout|timed out|max retries|isn't writeable|not queryable|LOADING |READONLY |MASTERDOWN|CLUSTERDOWN/i;
const FULL_WORDS = /no space left|^OOM |MISCONF|could not (extend|write)/i;

const OURS = [JobOver, LeaseLost, FileMissing, PoolFull, PoolUnreachable];

/** The error in our words where the database is away or full; else as it is. */
export function faultOf(error: unknown): unknown {
  if (OURS.some((kind) => error instanceof kind)) return error;
  const message = messageOf(error);
  const code = codeOf(error);
  if (FULL.test(code) || FULL_WORDS.test(message)) {
    return new PoolFull(`The pool's database has no room: ${message}`, {cause: error});
  }
  if (REFUSED.test(code) || REFUSED_WORDS.test(message)) {
    return new PoolUnreachable(
      `The pool's database refuses what its URL says (${message}): look at the user, the password and the database in it`,
      {cause: error},
    );
  }
  if (AWAY.test(code) || AWAY_CODES.test(code) || AWAY_WORDS.test(message)) {
    return new PoolUnreachable(`The pool's database cannot be reached: ${message}`, {cause: error});
  }
  return error;
}

/** Runs something, and throws what goes wrong with the database in our words. */
export async function inWords<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw faultOf(error);
  }
}

/** Whether BullMQ says that the lease is another one's by now, or the job is gone. */
export function isLost(error: unknown): boolean {
  return /missing key|missing lock|lock mismatch|not in the active state/i.test(messageOf(error));
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const nested = error instanceof AggregateError ? error.errors[0] : undefined;
  if (nested !== undefined) return codeOf(nested);
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
