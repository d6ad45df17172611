import {messageOf} from '../../base/errors.ts';
import {OneAtATime} from '../../base/one-at-a-time.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {Waiting} from '../../delegation/model/waiting.ts';
import type {PoolEntry, WorkerCard} from '../queue/queue.ts';
import type {PoolLink} from './link.ts';

/** How often it is looked again while something waits: twice as quickly as a person asks. */
const LOOK_MS = 5_000;
/** A database that has not answered by then is away. */
const PATIENCE_MS = 10_000;

/** What was seen of a pool, or why it could not be. */
type Seen =
  | {readonly is: 'seen'; readonly cards: readonly WorkerCard[]; readonly jobs: readonly PoolEntry[]}
  | {readonly is: 'away'; readonly why: string};

/** The jobs of this machine that no worker has begun, and why not, as far as the pool knows; and whether it is there. */
export class PoolLine {
  readonly #link: Pick<PoolLink, 'access'>;
  /** In the order in which they came. */
  readonly #jobs = new Set<string>();
  /** Those that a worker has begun. */
  readonly #begun = new Set<string>();
  readonly #looking = new OneAtATime(() => this.#look());
  #seen: Seen | undefined;
  #owner = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(link: Pick<PoolLink, 'access'>) {
    this.#link = link;
  }

  /** It waits from now on, until it leaves. */
  enter(job: string): void {
    this.#jobs.add(job);
    this.look();
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** It waits no more, and is watched until it leaves. Idempotent. */
  begun(job: string): void {
    if (this.#jobs.delete(job)) this.#begun.add(job);
  }

  /** Idempotent. */
  leave(job: string): void {
    this.#jobs.delete(job);
    this.#begun.delete(job);
    if (this.#jobs.size + this.#begun.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Something may be otherwise than it was. */
  look(): void {
    this.#looking.want();
  }

  /** Resolves when it has been looked. */
  async looked(): Promise<void> {
    await this.#looking.done();
  }

  /** Why a job has not begun; `undefined` for one that does not wait. */
  waiting(job: string): Waiting | undefined {
    if (!this.#jobs.has(job)) return undefined;
    const seen = this.#seen;
    const mine = seen?.is === 'seen' ? seen.jobs.find(({id}) => id === job) : undefined;
    const place = mine === undefined ? [...this.#jobs].indexOf(job) + 1 : placeOf(mine, seen);
    return {place, reason: {is: 'elsewhere', why: this.#why(mine)}};
  }

  /** Why nothing is heard of a job that was begun: whole sentences; `undefined` where something is. */
  trouble(job: string): string | undefined {
    if (!this.#begun.has(job) || this.#seen?.is !== 'away') return undefined;
    return `No news of it at the moment: ${this.#seen.why}. Its worker goes on meanwhile.`;
  }

  #why(mine: PoolEntry | undefined): string {
    const seen = this.#seen;
    if (seen?.is === 'away') return seen.why;
    if (seen === undefined || mine === undefined) return 'it is being handed to the pool';
    if (mine.stands !== 'waiting') return 'a worker has taken it, and gets its code';
    return whyWaiting(mine, {cards: seen.cards, owner: this.#owner});
  }

  async #look(): Promise<void> {
    if (this.#jobs.size + this.#begun.size === 0) return;
    const seen = async (): Promise<Seen> => {
      const {queue, owner} = await this.#link.access();
      this.#owner = owner.fingerprint;
      if (this.#jobs.size === 0) {
        await queue.now();
        return {is: 'seen', cards: [], jobs: []};
      }
      const [cards, jobs] = [await queue.workers(), await queue.jobs(owner.fingerprint)];
      return {is: 'seen', cards, jobs};
    };
    const late: Seen = {is: 'away', why: `the pool has not answered in ${PATIENCE_MS / 1_000} s`};
    this.#seen = await withTimeout(PATIENCE_MS, seen(), late).catch(
      (error: unknown): Seen => ({is: 'away', why: asPhrase(messageOf(error))}),
    );
  }
}

/** Why nobody has begun a job that waits: a phrase. */
export function whyWaiting(
  {route}: PoolEntry,
  {cards, owner}: {readonly cards: readonly WorkerCard[]; readonly owner: string},
): string {
  if (cards.length === 0) return 'no worker serves the pool at the moment';
  const fit = cards.filter((card) => serves(card, route, owner));
  if (fit.length === 0) return 'no worker of the pool serves this repository, or you';
  if (fit.some(({busy, concurrency}) => busy < concurrency)) return 'a worker is about to take it';
  const slots = fit.reduce((sum, {concurrency}) => sum + concurrency, 0);
  return `all workers that serve it are full (${slots === 1 ? '1 slot' : `${slots} slots`})`;
}

function asPhrase(sentence: string): string {
  return sentence.replace(/^The /, 'the ').replace(/\.$/, '');
}

/** Among those of the owner's, from all of their machines, that wait for the same repository. */
function placeOf(mine: PoolEntry, seen: Seen | undefined): number {
  const jobs = seen?.is === 'seen' ? seen.jobs : [];
  const same = jobs.filter(({route, stands}) => route === mine.route && stands === 'waiting');
  return Math.max(1, same.findIndex(({id}) => id === mine.id) + 1);
}

function serves({routes = 'all', owners = 'all'}: WorkerCard, route: string, owner: string): boolean {
  return (routes === 'all' || routes.includes(route)) && (owners === 'all' || owners.includes(owner));
}
