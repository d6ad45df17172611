import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Listening} from '../queue/queue.ts';
import {reached} from '../queue/reached.ts';

/** Listens from now on, or from when the pool can be reached: what works meanwhile is not held up by that. */
export function whenReached(listen: () => Promise<Listening>, log: Logger): Listening {
  const closed = new AbortController();
  const listening = reached(listen, closed.signal).catch((error: unknown) => {
    if (!closed.signal.aborted) log.warn(`letters of the owner are not heard: ${messageOf(error)}`);
    return undefined;
  });
  return {
    async close() {
      closed.abort();
      await (await listening)?.close();
    },
  };
}
