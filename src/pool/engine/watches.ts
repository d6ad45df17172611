import {setTimeout as pause} from 'node:timers/promises';
import type {Listening} from '../queue/queue.ts';
import type {Counts, Desk} from './desk.ts';

interface Watch {
  readonly id: string;
  /** Called when something has changed, and every now and then; once at a time. */
  readonly look: (counts: Counts | undefined) => Promise<void>;
  seen: string | undefined;
  lookedAt: number;
  looking: Promise<void> | undefined;
}

/**
 * Looks after the jobs that this machine waits for: one question for all of them, twice a second. A notification of
 * the database for each change would wake every machine of the pool for every letter of every job.
 */
export class Watches {
  readonly #desk: Desk;
  readonly #pollMs: number;
  readonly #lookMs: number;
  readonly #watches = new Set<Watch>();
  readonly #closed = new AbortController();
  #loop: Promise<void> | undefined;

  /** @param given.lookMs how often each is looked at though nothing seems to have changed. */
  constructor(given: {desk: Desk; pollMs: number; lookMs: number}) {
    this.#desk = given.desk;
    this.#pollMs = given.pollMs;
    this.#lookMs = given.lookMs;
  }

  get ids(): readonly string[] {
    return [...new Set([...this.#watches].map(({id}) => id))];
  }

  /** Looks at a job once now, then whenever it changes. @throws when the first look fails. */
  async add(id: string, look: Watch['look']): Promise<Listening> {
    const counts = (await this.#desk.peek([id])).get(id);
    await look(counts);
    return this.follow(id, look, counts);
  }

  /** Looks at a job whenever it has changed from what was seen. */
  follow(id: string, look: Watch['look'], seen?: Counts): Listening {
    const watch: Watch = {id, look, seen: JSON.stringify(seen), lookedAt: Date.now(), looking: undefined};
    this.#watches.add(watch);
    this.#loop ??= this.#run();
    return {
      close: async () => {
        this.#watches.delete(watch);
        await watch.looking;
      },
    };
  }

  async close(): Promise<void> {
    const looking = [...this.#watches].map((watch) => watch.looking);
    this.#watches.clear();
    this.#closed.abort();
    await Promise.all([this.#loop, ...looking]);
  }

  async #run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        await pause(this.#pollMs, undefined, {signal: this.#closed.signal});
        if (this.#watches.size > 0) this.#compare(await this.#desk.peek(this.ids));
      } catch {
        // Closed, or the database is away: then the next look finds what has changed meanwhile.
      }
    }
  }

  #compare(all: ReadonlyMap<string, Counts>): void {
    for (const watch of this.#watches) {
      const counts = all.get(watch.id);
      const seen = JSON.stringify(counts);
      const isDue = seen !== watch.seen || Date.now() - watch.lookedAt >= this.#lookMs;
      if (!isDue || watch.looking !== undefined) continue;
      watch.lookedAt = Date.now();
      watch.looking = watch
        .look(counts)
        .then(
          () => {
            watch.seen = seen;
          },
          // Looked at again at the next turn.
          () => {
            watch.seen = undefined;
          },
        )
        .finally(() => {
          watch.looking = undefined;
        });
    }
  }
}
