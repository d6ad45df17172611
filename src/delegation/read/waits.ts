import {pause} from '../../base/pause.ts';
import type {ShownAsks} from '../asks/shown-asks.ts';
import type {LiveDelegation} from '../live/live.ts';
import {type DelegationHead, hasEnded} from '../model/delegation.ts';
import type {DelegationView} from '../model/view.ts';
import type {Register} from '../submit/register.ts';
import type {Overview} from './overview.ts';

/** How often a delegation that another process runs is looked at while somebody waits for it. */
const FOREIGN_POLL_MS = 500;

export interface WaitOptions {
  readonly project: string;
  readonly id: string;
  readonly ms: number;
  /** True where requests are no news: only the end is waited for. */
  readonly isForEnd?: boolean;
  /** Ends the wait, never the delegation. */
  readonly signal?: AbortSignal;
  /**
   * Called when the wait begins, and on every change while it lasts, with what tells how the delegation then
   * stands: the queue in front of it moves on without a change of its own.
   */
  readonly onChange?: (look: () => DelegationView) => void;
}

export interface WaitsOptions {
  readonly now: () => number;
  readonly overview: Overview;
  readonly register: Register;
  readonly shownAsks: ShownAsks;
}

/** Waits for ends, and for requests that nobody has been told of by an earlier wait. */
export class Waits {
  readonly #options: WaitsOptions;
  readonly #shownAsks: ShownAsks;

  constructor(options: WaitsOptions) {
    this.#options = options;
    this.#shownAsks = options.shownAsks;
  }

  async wait({project, id, ms, isForEnd = false, signal, onChange}: WaitOptions): Promise<DelegationView> {
    const {now, overview, register} = this.#options;
    const deadline = now() + ms;
    let isAsked = false;
    let ended: DelegationView | undefined;
    for (;;) {
      const view = ended ?? (await overview.get(project, id));
      const hasNews = !isForEnd && (isAsked || this.#shownAsks.isNews(view.delegation));
      this.#shownAsks.shown(view.delegation);
      if (hasEnded(view.delegation.state)) this.#shownAsks.forget(view.delegation);
      const left = deadline - now();
      if (hasNews || hasEnded(view.delegation.state) || left <= 0 || signal?.aborted) return view;
      const live = register.find(project, view.delegation.id);
      if (live === undefined) {
        // Another process runs it; its end will be seen in the file.
        await pause(Math.min(left, FOREIGN_POLL_MS), {signal});
      } else {
        isAsked = await this.#watch(live, {ms: left, signal, onChange});
        // What has ended under the eyes of who waits need not be read from the disk.
        if (hasEnded(live.record.state)) ended = overview.view(live);
      }
    }
  }

  /** It has ended: what was shown of it matters no more. */
  forget(head: DelegationHead): void {
    this.#shownAsks.forget(head);
  }

  /** Resolves when it has ended, has a new request, or the wait is over; true when it has a new request. */
  async #watch(
    live: LiveDelegation,
    {ms, signal, onChange}: {ms: number; signal: AbortSignal | undefined; onChange: WaitOptions['onChange']},
  ): Promise<boolean> {
    let isAsked = false;
    let unwatch = () => {};
    const asked = new Promise<void>((resolve) => {
      const tell = () => {
        onChange?.(() => this.#options.overview.view(live));
        isAsked ||= this.#shownAsks.isNews(live.record);
        if (isAsked) resolve();
      };
      unwatch = live.watch(tell);
      tell();
    });
    try {
      await pause(ms, {signal, until: Promise.race([live.ended, asked])});
    } finally {
      unwatch();
    }
    return isAsked;
  }
}
