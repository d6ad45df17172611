import {timeLimit} from '../../base/time-limit.ts';
import {NoAnswerError} from './answer.ts';

/**
 * OpenCode answers in milliseconds. In a directory that it has not opened yet it first loads what is configured there,
 * which takes seconds, and longer where plugins are installed.
 */
const ANSWER_MS = 60_000;

/** Reads an answer to its end, save for a stream of events, which has none. */
export type ReadAnswer = (answer: Response) => Promise<Response>;

/**
 * As `fetch`, for a server that may hang: it resolves when the answer is read, and rejects with a
 * {@link NoAnswerError} when that takes longer than the time, in milliseconds. Of a stream of events, only the
 * opening is limited.
 */
export function limitedFetch(read: ReadAnswer, ms = ANSWER_MS): typeof fetch {
  return async (input, init) => {
    const late = timeLimit(ms, () => new NoAnswerError(`it has not answered within ${ms / 1_000} s`));
    const given = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const signal = given ? AbortSignal.any([given, late.signal]) : late.signal;
    try {
      return await read(await fetch(input, {...init, signal}));
    } finally {
      late.clear();
    }
  };
}
