import {messageOf} from '../../base/errors.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import {
  type Delegation,
  type DelegationHead,
  hasEnded,
  type Named,
} from '../../delegation/model/delegation.ts';
import {LETTERS_VERSION} from '../mail/letters.ts';
import {JobOver} from '../queue/errors.ts';
import {textWithLate} from './ends.ts';
import {lateAnswer} from './late-answer.ts';
import type {PoolLedger} from './ledger.ts';
import type {PoolAccess, PoolLink} from './link.ts';

/** A worker that is told to stop gives back what it has; after this the pool forgets it all the same. */
const STOP_MS = 60_000;

export interface ReleasesOptions {
  readonly link: PoolLink;
  readonly ledger: PoolLedger;
  /** The record as it is on disk. */
  readonly read: (named: Named) => Promise<Delegation | undefined>;
  /** Changes the text of one that has ended. */
  readonly amend: (ended: Delegation, text: string) => Promise<unknown>;
}

/** Has the pool forget delegations whose end is on disk here: the worker cleans up only then. */
export class Releases {
  readonly #options: ReleasesOptions;
  readonly #closed = new AbortController();
  /** Aborts first: what may come in hours is left to the next process. */
  readonly #leaving = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: ReleasesOptions) {
    this.#options = options;
  }

  /** It has its end. What goes wrong is tried again by the next process. */
  ended(head: DelegationHead): void {
    if (head.where === undefined || !hasEnded(head.state)) return;
    const job = this.#options.link.jobOf(head);
    const work = (isAwaited(head) ? this.#stop(job) : this.#releaseStored(job, head))
      .catch((error: unknown) => {
        if (this.#leaving.signal.aborted) return;
        this.#options.link.log.warn(`${job} stays in the pool for now: ${messageOf(error)}`);
      })
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  /** Looks after what an earlier process has left. */
  async tidy(): Promise<void> {
    const {ledger, read} = this.#options;
    for (const {project, id, job} of await ledger.all()) {
      const record = await read({project, id});
      if (record === undefined) await this.#release(job);
      else this.ended(record);
    }
  }

  /** Resolves when nothing is under way any more, soon. Idempotent. */
  async close(): Promise<void> {
    this.#leaving.abort(new Error('this process ends'));
    await withTimeout(2_000, Promise.all(this.#underWay), undefined);
    this.#closed.abort(new Error('this process ends'));
    await Promise.all(this.#underWay);
  }

  /** An end that could not be written is still in the pool, and may be nowhere else. */
  async #releaseStored(job: string, head: DelegationHead): Promise<void> {
    const stored = await this.#options.read(head);
    if (stored !== undefined && !hasEnded(stored.state)) return;
    if (stored !== undefined) await this.#addLate(job, stored);
    await this.#release(job);
  }

  /** What a lost worker says after all is no end, but it is not thrown away. */
  async #addLate(job: string, ended: Delegation): Promise<void> {
    const {link, read, amend} = this.#options;
    // Of what was cancelled, nobody waits for more.
    if (!hasEnded(ended.state) || ended.state.status !== 'interrupted') return;
    const {endedAt} = ended.state;
    const late = await lateAnswer(job, {
      ...{link, endedAt, signal: this.#leaving.signal, closed: this.#closed.signal},
    });
    if (late === undefined) return;
    const {text} = (await read(ended)) ?? ended;
    const whole = textWithLate(text, late);
    if (whole !== text) await amend(ended, whole);
  }

  /** Its branch is still to be had there, and nobody waits for more of it. */
  async #stop(job: string): Promise<void> {
    const stop = async ({queue}: PoolAccess) => {
      const {is} = await queue.standing(job);
      if (is === 'leased') await this.#stopped(job);
    };
    await this.#options.link.persist(stop, {signal: this.#closed.signal});
  }

  async #release(job: string): Promise<void> {
    const {link, ledger} = this.#options;
    const {signal} = this.#closed;
    await link.persist(
      async ({queue}) => {
        const {is} = await queue.standing(job);
        // Also one that is still on its way there: nothing would ever have the pool forget that.
        const isOpen = is === 'waiting' || is === 'unknown';
        if (isOpen && (await queue.withdraw(job))) return;
        if (is === 'leased' || is === 'waiting') await this.#stopped(job);
        await queue.forget(job);
      },
      {signal},
    );
    await ledger.remove(job);
  }

  /** Its delegation has ended without its worker: that is told to stop, and has a while for it. */
  async #stopped(job: string): Promise<void> {
    const {link} = this.#options;
    const {queue} = await link.access();
    const mail = await link.mailOf(job);
    await mail.toWorker({v: LETTERS_VERSION, is: 'cancel'}).catch((error: unknown) => {
      if (!(error instanceof JobOver)) throw error;
    });
    let over!: () => void;
    const isOver = new Promise<void>((resolve) => {
      over = resolve;
    });
    const listening = await queue.changed(job, ({is}) => {
      if (is !== 'leased') over();
    });
    this.#closed.signal.addEventListener('abort', over);
    try {
      await withTimeout(STOP_MS, isOver, undefined);
    } finally {
      this.#closed.signal.removeEventListener('abort', over);
      await listening.close();
    }
    this.#closed.signal.throwIfAborted();
  }
}

/** True where its branch could not be brought home, and is to be had nowhere else. */
function isAwaited({worktree}: DelegationHead): boolean {
  return worktree?.outcome?.is === 'kept' && worktree.outcome.commit === undefined;
}
