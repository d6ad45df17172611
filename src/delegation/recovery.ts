import type {Logger} from '../log.ts';
import {type Delegation, type DelegationHead, hasEnded, type Owner} from './delegation.ts';
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
  /** Called when a delegation whose owner is gone has got its end, and that is on disk. */
  readonly onSettled: (delegation: Delegation) => void;
}

/**
 * Looks after records whose owner is gone: what had not begun is queued again, and what ran gets the end that
 * its session shows. Doing it twice, or from two processes, does no harm.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #underWay = new Map<string, Promise<Delegation | undefined>>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
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
    const key = `${head.project}/${head.id}`;
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const recovering = this.#recover(head).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, recovering);
    return recovering;
  }

  async #recover({project, id}: DelegationHead): Promise<Delegation | undefined> {
    const {store} = this.#options;
    const recovered = await store.exclusively(project, id, async () => {
      const record = await store.read(project, id);
      // Another process may have been faster.
      if (record === undefined || !this.isOrphan(record)) return record;
      return record.state.status === 'running' ? this.#settle(record) : this.#takeOver(record);
    });
    return recovered ?? store.read(project, id);
  }

  async #takeOver(record: Delegation): Promise<Delegation> {
    const {enqueue, owner, log} = this.#options;
    const live = new LiveDelegation({...record, owner}, this.#options);
    await live.save();
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
    const end = await settled(ran, record, worktrees);
    log.info(`${record.id} is settled as ${end.outcome}: the process that ran it is gone`);
    const ended = await new LiveDelegation(record, this.#options).end(end);
    onSettled(ended);
    return ended;
  }
}
