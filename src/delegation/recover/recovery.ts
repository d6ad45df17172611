import {messageOf, Refusal} from '../../base/errors.ts';
import {retryAfter} from '../../base/retry.ts';
import type {ProcessIdentity} from '../../process/identity.ts';
import {LiveDelegation} from '../live/live.ts';
import type {Storing} from '../live/storing.ts';
import {type Delegation, type DelegationHead, hasEnded} from '../model/delegation.ts';
import type {End} from '../model/end.ts';
import {transition} from '../model/lifecycle.ts';
import {knownUsage} from '../model/near.ts';
import {isAbandoned, ownerIn} from '../model/owner.ts';
import type {Environment, Environments} from '../model/ports.ts';
import {NO_PRODUCT, type NothingSent} from '../model/run.ts';
import {fitted, misfit, type Unfit} from '../run/fitting.ts';
import {withWorktreeEnd} from '../run/worktree-end.ts';
import {cancelledElsewhere, cancelledUnasked} from './cancelled-unasked.ts';
import {findOut} from './lost-run.ts';
import {takerOf} from './taker.ts';

export interface RecoveryOptions extends Storing {
  readonly environments: Environments;
  readonly owner: ProcessIdentity;
  /** Takes over a delegation that was registered or queued and whose owner is gone. */
  readonly enqueue: (live: LiveDelegation) => void;
  /** True when nothing is begun any more. */
  readonly isClosing: () => boolean;
  /** Called when a delegation whose owner is gone has got its end, and that is on disk. */
  readonly onSettled: (delegation: Delegation) => void;
}

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
 *
 * The owner of a record promises to give it an end. Anybody who finds that the owner is gone may do so instead. What
 * waited becomes the finder's own, and runs. What ran is asked about in OpenCode: an answer that is stored there is
 * the end, and a prompt that was never sent is sent again. A process that dies while it recovers leaves
 * the record without an end, so the next one begins at the same place.
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

  /** True for a record that has no end, which nobody will give it but us. */
  isOrphan(head: DelegationHead): boolean {
    if (!isAbandoned(head, this.#options.now())) return false;
    return head.state.status === 'running' || this.#environmentOf(head) !== undefined;
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
    const ms = retryAfter(before?.ms);
    log.warn(`${head.id} stays open: ${why}`);
    if (isClosing()) return;
    clearTimeout(before?.timer);
    const timer = setTimeout(() => void this.recover(head), ms).unref();
    this.#delayed.set(key, {why, at: now(), ms, timer});
  }

  /**
   * Ends one that nobody runs who could be reached, without waiting for who is gone or what cannot be asked. Resolves
   * with the end that it has then: what its session shows to be complete stays complete.
   */
  async cancel(record: Delegation): Promise<Delegation> {
    const {project, id} = record;
    const {store, environments} = this.#options;
    const cancelled = await store.exclusively(project, id, async () => {
      const latest = (await store.read(project, id)) ?? record;
      if (hasEnded(latest.state)) return latest;
      const found = await findOut(latest, environments);
      const {ran, environment} =
        found.outcome === 'known' ? found : {ran: found, environment: environments.all[0]};
      if (environment === undefined) throw new Refusal(`${id} cannot be cancelled yet: no client is here.`);
      if (found.outcome === 'not known' && latest.where !== undefined)
        return this.#end(latest, cancelledElsewhere(latest), environment);
      const product = 'product' in ran ? ran.product : NO_PRODUCT;
      const end = ran.outcome === 'completed' ? ran : cancelledUnasked(latest, product);
      return this.#end(latest, await withWorktreeEnd(end, latest, environment.worktrees), environment);
    });
    if (cancelled !== undefined) return cancelled;
    throw new Refusal(`${id} is being looked after at this moment. Cancel it again.`);
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
      if (record.state.status === 'running') return this.#settle(record);
      const environment = this.#environmentOf(record);
      return environment === undefined ? record : this.#takeOver(record, environment);
    });
    return recovered ?? store.read(project, id);
  }

  #environmentOf({owner}: DelegationHead): Environment | undefined {
    return takerOf(owner, this.#options.environments);
  }

  #forget(head: DelegationHead): void {
    clearTimeout(this.#delayed.get(keyOf(head))?.timer);
    this.#delayed.delete(keyOf(head));
  }

  async #takeOver(record: Delegation, environment: Environment): Promise<Delegation> {
    const {enqueue, owner, log} = this.#options;
    const taken = {...record, owner: ownerIn(owner, environment)};
    const live = new LiveDelegation(taken, environment, this.#options);
    await live.save();
    this.#forget(record);
    log.info(`${record.id} is queued again: the process that had it (${record.owner.pid}) is gone`);
    enqueue(live);
    return live.record;
  }

  async #settle(record: Delegation): Promise<Delegation> {
    const found = await findOut(record, this.#options.environments);
    if (found.outcome === 'not known') {
      this.#delay(record, found.why);
      return record;
    }
    const {environment} = found;
    const ran = found.ran.outcome === 'nothing sent' ? found.ran : await fitted(found.ran, record);
    if (ran.outcome === 'unfit') {
      if (ran.product.isRepaired !== true) return this.#repair(record, ran);
      const end = await withWorktreeEnd(misfit(ran, record), record, environment.worktrees);
      return this.#end(record, end, environment);
    }
    const isUnsent = ran.outcome === 'nothing sent';
    // A worktree that it goes on in is ready for it.
    if (isUnsent && (record.continues ?? record.repair) !== undefined) return this.#beginAgain(record);
    const end = await withWorktreeEnd(isUnsent ? nothingSent(ran) : ran, record, environment.worktrees);
    // What is in a new one all the same, somebody else has put there: that is kept, and it ends.
    if (isUnsent && end.worktree?.outcome?.is !== 'kept') return this.#beginAgain(record);
    return this.#end(record, end, environment);
  }

  async #end(record: Delegation, end: End, environment: Environment): Promise<Delegation> {
    const {log, onSettled} = this.#options;
    this.#forget(record);
    log.info(`${record.id} is settled as ${end.outcome}: nobody runs it any more`);
    const ended = await new LiveDelegation(record, environment, this.#options).end(end);
    onSettled(ended);
    return ended;
  }

  /** Its answer does not fit, and nobody has asked its agent to repair it: it waits for its turn to be asked that. */
  async #repair(record: Delegation, {product, why}: Unfit): Promise<Delegation> {
    const {state} = record;
    const sessionId = (state.status === 'running' && state.sessionId) || record.repair?.sessionId;
    if (!sessionId) throw new Error(`${record.id} has an answer and no session`);
    const {usage} = product.work;
    return this.#beginAgain({...record, text: product.text, repair: {sessionId, why}}, usage);
  }

  /** Nothing was sent to the model: it waits again, as it did before it was its turn. */
  async #beginAgain(record: Delegation, usage = knownUsage(record)): Promise<Delegation> {
    const {store, log} = this.#options;
    const {repair} = record;
    const event =
      repair === undefined
        ? {type: 'nothing-sent' as const}
        : {type: 'to-repair' as const, sessionId: repair.sessionId, usage};
    const waiting = {...record, state: transition(record.state, event)};
    const own = this.#environmentOf(record);
    if (own !== undefined) return this.#takeOver(waiting, own);
    await store.write(waiting);
    this.#forget(record);
    log.info(
      `${record.id} waits again, for a client of its environment: what comes next had not been sent to the model`,
    );
    return waiting;
  }
}

function nothingSent({why}: NothingSent): End {
  const error = `${why} Nothing had been sent to the model. Delegate it again.`;
  return {outcome: 'interrupted', product: NO_PRODUCT, error};
}

function keyOf({project, id}: DelegationHead): string {
  return `${project}/${id}`;
}
