/** What the SDK client resolves with: one of data and error, neither of which it throws. */
interface Outcome<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
}

/**
 * The data of an SDK call.
 * @throws Error with OpenCode's own words when it refused or could not be reached.
 */
export async function dataOf<T>(call: Promise<Outcome<T>>): Promise<T> {
  const {data, error} = await call;
  if (error !== undefined || data === undefined) throw new Error(wordsOf(error));
  return data;
}

/** As {@link dataOf}, for calls that answer with nothing. */
export async function done(call: Promise<Outcome<unknown>>): Promise<void> {
  const {error} = await call;
  if (error !== undefined) throw new Error(wordsOf(error));
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
