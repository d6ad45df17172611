import {deferred} from '../../base/deferred.ts';
import {pause} from '../../base/pause.ts';
import type {ShownAsks} from '../asks/shown-asks.ts';
import type {Watchers} from '../live/watchers.ts';
import {asksOf, type Delegation, type DelegationHead, hasEnded, isUnread} from '../model/delegation.ts';
import type {DelegationView} from '../model/view.ts';
import type {Register} from '../submit/register.ts';
import type {Overview} from './overview.ts';

/** How often it is looked for news of what other processes run. */
const FOREIGN_POLL_MS = 500;

export interface FirstOptions {
  readonly project: string;
  /** The OpenCode session that asks: what it has delegated comes before all else, where there is any. */
  readonly session?: string;
  readonly ms: number;
  /** Ends the wait, never a delegation. */
  readonly signal?: AbortSignal;
  /** Called when the wait begins, and on every change while it lasts, with what tells how those that run then stand. */
  readonly onChange?: (look: () => readonly DelegationView[]) => void;
}

/** What came of waiting: what was made of the first one, or those that have no end yet, which may be none. */
export type Found<T> = {readonly found: T} | {readonly open: readonly DelegationHead[]};

export interface FirstsOptions {
  readonly now: () => number;
  readonly overview: Overview;
  readonly register: Register;
  readonly shownAsks: ShownAsks;
  /** Told of every delegation of this process that has come, asks for something, or has ended. */
  readonly watchers: Watchers<Delegation>;
}

/** Waits for whichever is first: an end that nobody has read, or a request that nobody was shown. */
export class Firsts {
  readonly #options: FirstsOptions;
  /** Given to somebody at this moment: nobody else gets them as well. */
  readonly #given = new Set<string>();
  readonly #returned = new Set<() => void>();

  constructor(options: FirstsOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what `use` makes of the oldest end or request there is, or of the first that comes. Nobody else who
   * waits so is given that until `use` has settled.
   */
  async first<T>(options: FirstOptions, use: (found: DelegationView) => Promise<T>): Promise<Found<T>> {
    const {overview, now, watchers} = this.#options;
    const {project, ms, signal} = options;
    const deadline = now() + ms;
    let news = deferred<void>();
    const wake = () => news.resolve();
    const unwatch = watchers.add(wake);
    this.#returned.add(wake);
    try {
      const isMeant = scopeOf(await overview.list(project), options.session);
      for (;;) {
        news = deferred<void>();
        const heads = (await overview.list(project)).filter(isMeant);
        const found = this.#oldest(heads);
        if (found !== undefined) return {found: await this.#give(project, found, use)};
        const open = heads.filter(({state}) => !hasEnded(state));
        const left = deadline - now();
        if (open.length === 0 || left <= 0 || signal?.aborted === true) return {open};
        await this.#untilNews(open, {...options, ms: left, news: news.promise});
      }
    } finally {
      unwatch();
      this.#returned.delete(wake);
    }
  }

  #oldest(heads: readonly DelegationHead[]): DelegationHead | undefined {
    const {shownAsks} = this.#options;
    const news = heads.flatMap((head) => {
      const at = newsAt(head, shownAsks);
      return at === undefined || this.#given.has(keyOf(head)) ? [] : [{head, at}];
    });
    return news.sort((a, b) => a.at - b.at)[0]?.head;
  }

  async #give<T>(
    project: string,
    head: DelegationHead,
    use: (found: DelegationView) => Promise<T>,
  ): Promise<T> {
    const key = keyOf(head);
    this.#given.add(key);
    this.#options.shownAsks.shown(head);
    try {
      return await use(await this.#options.overview.get(project, head.id));
    } finally {
      this.#given.delete(key);
      for (const wake of this.#returned) wake();
    }
  }

  /** Resolves when there may be something new, or the time is up. */
  async #untilNews(
    open: readonly DelegationHead[],
    {ms, signal, onChange, news}: FirstOptions & {readonly news: Promise<void>},
  ): Promise<void> {
    const {register} = this.#options;
    const lives = open.flatMap(({project, id}) => register.find(project, id) ?? []);
    const tell = () => onChange?.(() => this.#views(open));
    const unwatch = lives.map((live) => live.watch(tell));
    tell();
    try {
      const isElsewhere = lives.length < open.length;
      await pause(isElsewhere ? Math.min(ms, FOREIGN_POLL_MS) : ms, {signal, until: news});
    } finally {
      for (const end of unwatch) end();
    }
  }

  #views(heads: readonly DelegationHead[]): readonly DelegationView[] {
    return heads.flatMap(({project, id}) => this.#options.overview.live(project, id) ?? []);
  }
}

/** A session's own are meant, where one of them has no end or was not read; else those of all. */
function scopeOf(
  heads: readonly DelegationHead[],
  session: string | undefined,
): (head: DelegationHead) => boolean {
  const isOwn = ({parent}: DelegationHead) => session !== undefined && parent?.session === session;
  const isOpen = (head: DelegationHead) => !hasEnded(head.state) || isUnread(head);
  return heads.some((head) => isOwn(head) && isOpen(head)) ? isOwn : () => true;
}

/** When something came that somebody has to see; `undefined` where there is nothing. */
function newsAt(head: DelegationHead, shownAsks: ShownAsks): number | undefined {
  if (hasEnded(head.state)) return isUnread(head) ? head.state.endedAt : undefined;
  return shownAsks.isNews(head) ? (asksOf(head).at(-1)?.askedAt ?? head.createdAt) : undefined;
}

function keyOf({project, id}: DelegationHead): string {
  return `${project}/${id}`;
}
