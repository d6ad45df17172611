/** What the SDK client resolves with: one of data and error, neither of which it throws. */
interface Outcome<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
}

/** No answer came: the server has gone, or the connection broke. Nothing is known of what it would have said. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/**
 * The data of an SDK call.
 * @throws NoAnswerError when OpenCode could not be reached, and Error with its own words when it refused.
 */
export async function dataOf<T>(call: Promise<Outcome<T>>): Promise<T> {
  const {data, error} = await call;
  if (error !== undefined || data === undefined) throw failureOf(error);
  return data;
}

/** As {@link dataOf}, for calls that answer with nothing. */
export async function done(call: Promise<Outcome<unknown>>): Promise<void> {
  const {error} = await call;
  if (error !== undefined) throw failureOf(error);
}

/** What `fetch` throws is a TypeError; what OpenCode has answered is an object. */
export function failureOf(error: unknown): Error {
  if (error instanceof NoAnswerError) return error;
  return error instanceof TypeError ? new NoAnswerError(wordsOf(error)) : new Error(wordsOf(error));
}

/** The words in one of OpenCode's errors: `{name, data: {message}}`, with variations. */
export function wordsOf(error: unknown): string {
  if (typeof error === 'string' && error !== '') return error;
  if (typeof error !== 'object' || error === null) return 'OpenCode gave no answer';
  if ('data' in error && typeof error.data === 'object' && error.data !== null) {
    const {data} = error;
    const said = 'message' in data && typeof data.message === 'string' ? data.message : '';
    const status =
      'statusCode' in data && typeof data.statusCode === 'number' ? ` (HTTP ${data.statusCode})` : '';
    if (said !== '') return `${said}${status}`;
    return `${nameOf(error)}: ${JSON.stringify(data)}`;
  }
  if ('message' in error && typeof error.message === 'string' && error.message !== '') {
    const cause = 'cause' in error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    return `${error.message}${cause}`;
  }
  return nameOf(error);
}

function nameOf(error: object): string {
  return 'name' in error && typeof error.name === 'string' ? error.name : JSON.stringify(error);
}
