import type {Logger} from '../log.ts';
import {type Delegation, type DelegationHead, hasEnded, type Owner} from './delegation.ts';
import {messageOf} from './errors.ts';
import {LiveDelegation} from './live.ts';
import {isGone} from './owner.ts';
import type {Runner, Store} from './ports.ts';
import type {Worktrees} from './worktree.ts';
import {settled} from './worktree-end.ts';

export interface RecoveryOptions {
  readonly store: Store;
  readonly runner: Runner;
  readonly worktrees: Worktrees;
  readonly log: Logger;
  readonly now: () => number;
  readonly owner: Owner;
  /** Takes over a delegation that was registered or queued and whose owner is gone. */
  readonly enqueue: (live: LiveDelegation) => void;
  /** True when nothing is begun any more. */
  readonly isClosing: () => boolean;
  /** Called when a delegation whose owner is gone has got its end, and that is on disk. */
  readonly onSettled: (delegation: Delegation) => void;
}

/** What could not be found out is asked for again after so long, at first and at most. */
const FIRST_DELAY_MS = 2_000;
const LAST_DELAY_MS = 30_000;

interface Delayed {
  readonly why: string;
  /** When it was tried last, in milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Looks after records whose owner is gone: what had not begun is queued again, and what ran gets the end that
 * its session shows. Where that cannot be found out, the record stays as it is and is looked at again. Doing it
 * twice, or from two processes, does no harm.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #underWay = new Map<string, Promise<Delegation | undefined>>();
  readonly #delayed = new Map<string, Delayed>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** How many are being recovered at this moment. */
  get active(): number {
    return this.#underWay.size;
  }

  /** Why an orphan could not be recovered and when that was tried; `undefined` when it was not tried. */
  delayOf(head: DelegationHead): {readonly why: string; readonly at: number} | undefined {
    return this.#delayed.get(keyOf(head));
  }

  /** Begins nothing any more by itself. */
  close(): void {
    for (const {timer} of this.#delayed.values()) clearTimeout(timer);
  }

  /** True for a record that has no end and whose owner, surely gone, will never give it one. */
  isOrphan(head: DelegationHead): boolean {
    if (hasEnded(head.state) || !isGone(head.owner)) return false;
    return head.state.status === 'running' || head.owner.environment === this.#options.owner.environment;
  }

  /** Recovers several, those that wait in the order they had. Resolves with the records as they then are. */
  async recoverAll(heads: readonly DelegationHead[]): Promise<readonly (Delegation | undefined)[]> {
    const oldestFirst = [...heads].sort((a, b) => a.createdAt - b.createdAt);
    const waiting = oldestFirst.filter(({state}) => state.status !== 'running');
    const running = oldestFirst
      .filter(({state}) => state.status === 'running')
      .map((head) => this.recover(head));
    const queued: (Delegation | undefined)[] = [];
    for (const head of waiting) queued.push(await this.recover(head));
    return [...queued, ...(await Promise.all(running))];
  }

  /** Resolves with the record as it then is; `undefined` when there is none any more. */
  recover(head: DelegationHead): Promise<Delegation | undefined> {
    const {store, isClosing} = this.#options;
    const key = keyOf(head);
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    if (isClosing()) return store.read(head.project, head.id);
    const recovering = this.#recover(head)
      .catch((error: unknown) => {
        this.#delay(head, `It could not be recovered: ${messageOf(error)}`);
        return store.read(head.project, head.id);
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, recovering);
    return recovering;
  }

  /** It is looked at again after a while, longer each time. */
  #delay(head: DelegationHead, why: string): void {
    const {log, now, isClosing} = this.#options;
    const key = keyOf(head);
    const before = this.#delayed.get(key);
    const ms = before === undefined ? FIRST_DELAY_MS : Math.min(before.ms * 2, LAST_DELAY_MS);
    log.warn(`${head.id} stays open: ${why}`);
    if (isClosing()) return;
    clearTimeout(before?.timer);
    const timer = setTimeout(() => void this.recover(head), ms).unref();
    this.#delayed.set(key, {why, at: now(), ms, timer});
  }

  async #recover(head: DelegationHead): Promise<Delegation | undefined> {
    const {project, id} = head;
    const {store} = this.#options;
    const recovered = await store.exclusively(project, id, async () => {
      const record = await store.read(project, id);
      // Another process may have been faster.
      if (record === undefined || !this.isOrphan(record)) {
        this.#forget(head);
        return record;
      }
      return record.state.status === 'running' ? this.#settle(record) : this.#takeOver(record);
    });
    return recovered ?? store.read(project, id);
  }

  #forget(head: DelegationHead): void {
    clearTimeout(this.#delayed.get(keyOf(head))?.timer);
    this.#delayed.delete(keyOf(head));
  }

  async #takeOver(record: Delegation): Promise<Delegation> {
    const {enqueue, owner, log} = this.#options;
    const live = new LiveDelegation({...record, owner}, this.#options);
    await live.save();
    this.#forget(record);
    log.info(`${record.id} is queued again: the process that had it (${record.owner.pid}) is gone`);
    enqueue(live);
    return live.record;
  }

  async #settle(record: Delegation): Promise<Delegation> {
    const {runner, worktrees, log, onSettled} = this.#options;
    const noted = record.state.status === 'running' ? record.state.sessionId : undefined;
    const ran = await runner.settle({
      delegationId: record.id,
      directory: record.worktree?.directory ?? record.directory,
      sessionId: noted ?? record.continues?.sessionId,
      isContinued: record.continues !== undefined,
      cause: `The process that ran it (${record.owner.pid}) is gone.`,
    });
    if (ran.outcome === 'not known') {
      this.#delay(record, ran.why);
      return record;
    }
    this.#forget(record);
    const end = await settled(ran, record, worktrees);
    log.info(`${record.id} is settled as ${end.outcome}: the process that ran it is gone`);
    const ended = await new LiveDelegation(record, this.#options).end(end);
    onSettled(ended);
    return ended;
  }
}

function keyOf({project, id}: DelegationHead): string {
  return `${project}/${id}`;
}
