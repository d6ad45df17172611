import {Refusal} from '../../base/errors.ts';
import {standingOf} from '../../process/identity.ts';
import {type Delegation, hasEnded} from '../model/delegation.ts';
import type {Store} from '../model/ports.ts';
import type {Overview} from '../read/overview.ts';
import type {Waits} from '../read/waits.ts';
import type {Recovery} from '../recover/recovery.ts';
import {stopRun} from '../run/stopping.ts';
import type {Register} from '../submit/register.ts';

/** Another process that runs a delegation sees within a second that it is to be cancelled, and ends it in some. */
const OTHERS_MS = 8_000;

export interface CancellingOptions {
  readonly store: Store;
  readonly register: Register;
  readonly recovery: Recovery;
  readonly overview: Overview;
  readonly waits: Waits;
  /** Notes that somebody had the whole result. */
  readonly markRead: (delegation: Delegation) => Promise<Delegation>;
}

/** Ends delegations on request, no matter who runs them. */
export class Cancelling {
  readonly #options: CancellingOptions;

  constructor(options: CancellingOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the end that it reached, which is another than `cancelled` when it ended first.
   * @throws Refusal when the id names none in this project, or when the process that runs it lives and does not react.
   */
  async cancel(project: string, id: string): Promise<{delegation: Delegation; wasEnded: boolean}> {
    const {overview, markRead} = this.#options;
    const {delegation} = await overview.get(project, id);
    if (hasEnded(delegation.state)) return {delegation, wasEnded: true};
    const cancelled = await this.#stop(delegation);
    // Of one that has written nothing there is no more to read.
    return {delegation: cancelled.text === '' ? await markRead(cancelled) : cancelled, wasEnded: false};
  }

  async #stop(delegation: Delegation): Promise<Delegation> {
    const live = this.#options.register.find(delegation.project, delegation.id);
    if (live === undefined) return this.#elsewhere(delegation);
    stopRun(live, 'cancelled');
    return live.ended;
  }

  async #elsewhere(delegation: Delegation): Promise<Delegation> {
    const {store, recovery, waits} = this.#options;
    const {project, id, owner} = delegation;
    const standing = standingOf(owner);
    // With a gone owner there is nobody to ask, and what is there cannot be asked for at the moment.
    if (standing !== 'gone') {
      await store.askToCancel(delegation);
      const {delegation: then} = await waits.wait({project, id, ms: OTHERS_MS, isForEnd: true});
      if (hasEnded(then.state)) {
        await store.dropCancel(delegation);
        return then;
      }
    }
    if (standing === 'alive') {
      throw new Refusal(
        `${id} is run by process ${owner.pid}, which was asked to cancel it and has not done so within ${OTHERS_MS / 1_000} s. Cancel it again, or end that process: kill ${owner.pid}. What it ran is settled then.`,
      );
    }
    return recovery.cancel(delegation);
  }
}
