import {setImmediate} from 'node:timers/promises';
import type {ProcessIdentity} from '../process/identity.ts';
import {CancelRequests} from './cancel/cancel-requests.ts';
import {type Amendment, Amendments} from './live/amendments.ts';
import {addLate} from './live/late-text.ts';
import type {LiveDelegation} from './live/live.ts';
import type {Clocks} from './live/storing.ts';
import {UnsavedEnds} from './live/unsaved-ends.ts';
import {Watchers} from './live/watchers.ts';
import {asksOf, type Delegation, isUnread} from './model/delegation.ts';
import type {Environments, Store} from './model/ports.ts';
import {Recovery} from './recover/recovery.ts';
import {Dispatch, type DispatchOptions} from './run/dispatch.ts';
import {Headlines} from './run/headlines.ts';
import {Limits} from './run/limits.ts';
import {Register} from './submit/register.ts';

export interface OwnDelegationsOptions extends Omit<DispatchOptions, 'onAlsoChanged' | 'limiting'>, Clocks {
  readonly environments: Environments;
  readonly store: Store;
  /** This process, in whose name delegations are run. */
  readonly owner: ProcessIdentity;
  /** Called with each that has its end, before anybody else is told. */
  readonly onEnded: (ended: Delegation) => void;
}

/**
 * The delegations that this process owns, from their registration until their end is on disk and told: queued, run,
 * recovered, amended, and ended with the process.
 */
export class OwnDelegations {
  readonly register: Register;
  readonly recovery: Recovery;
  readonly limits: Limits;
  /** They are told when one exists, whenever its agent asks for something, and when it has its end. */
  readonly watchers: Watchers<Delegation>;
  readonly #options: OwnDelegationsOptions;
  readonly #dispatch: Dispatch;
  readonly #headlines: Headlines;
  readonly #amendments: Amendments;
  readonly #unsaved: UnsavedEnds;
  readonly #cancelRequests: CancelRequests;
  #closing: Promise<void> | undefined;

  constructor(options: OwnDelegationsOptions) {
    const isClosing = () => this.#closing !== undefined;
    this.#options = options;
    this.watchers = new Watchers(options.log);
    this.register = new Register({storing: options, isClosing});
    this.limits = new Limits({...options, own: () => this.register.all});
    this.#dispatch = new Dispatch({
      ...{...options, limiting: this.limits},
      onAlsoChanged: (delegation, alsoChanged) => void this.amend(delegation, {alsoChanged}),
    });
    this.#headlines = new Headlines({amend: (delegation, headline) => this.amend(delegation, headline)});
    this.#amendments = new Amendments(options);
    this.#unsaved = new UnsavedEnds((ended) => this.amend(ended, {}).then(() => !this.register.has(ended)));
    this.#cancelRequests = new CancelRequests({...options, register: this.register});
    this.recovery = new Recovery({
      ...{...options, isClosing},
      enqueue: (live) => {
        this.register.add(live);
        this.#enqueue(live);
      },
      onSettled: (ended) => this.watchers.tell(ended),
    });
  }

  /** Begins with one that has just been registered. */
  begin(live: LiveDelegation): void {
    this.#enqueue(live);
    live.additions.noted(this.#dispatch.notesFor(live));
    this.watchers.tell(live.record);
  }

  /** As {@link Dispatch.waiting}. */
  waiting(live: LiveDelegation): ReturnType<Dispatch['waiting']> {
    return this.#dispatch.waiting(live);
  }

  /** Notes that somebody had the whole result: known here at once, on disk when it resolves, if it can be stored. */
  async markRead(delegation: Delegation): Promise<Delegation> {
    if (!isUnread(delegation)) return delegation;
    const read = {readAt: this.#options.now()};
    return this.register.reading({...delegation, ...read}, async () => {
      // Anyone who reads gets the answer first: to write the record takes the same processor.
      await setImmediate();
      return this.amend(delegation, read);
    });
  }

  /** Changes the record of one that has ended. Resolves with the record as it then is, stored if that was possible. */
  async amend(delegation: Delegation, change: Amendment): Promise<Delegation> {
    const {record, isStored} = await this.#amendments.apply(delegation, change);
    // An end that could not be written at first is on disk now, and need not be kept in memory any longer.
    if (isStored) this.register.remove(record);
    return record;
  }

  /** As {@link Delegations.addLate}. */
  addLate(ended: Delegation, text: string): Promise<Delegation> {
    const amend = (change: Amendment) => this.amend(ended, change);
    return addLate(ended, {...this.#options, text, amend});
  }

  /** How many are registered, queued or running here, being recovered, or have an end that is not on disk yet. */
  get active(): number {
    return this.recovery.active + this.register.open.length + this.#unsaved.size;
  }

  /** As {@link Delegations.close}. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#headlines.close();
    this.recovery.close();
    await this.register.readsStored();
    await this.#dispatch.close(this.register.open);
    await Promise.all(this.register.all.map((live) => live.ended));
    await this.#unsaved.close();
    await this.#amendments.allStored();
  }

  #enqueue(live: LiveDelegation): void {
    live.enqueued();
    let asked = 0;
    live.watch(() => {
      const last = asksOf(live.record).at(-1)?.number ?? 0;
      if (last > asked) this.watchers.tell(live.record);
      asked = Math.max(asked, last);
    });
    this.#cancelRequests.watch();
    this.#dispatch.add(live);
    void live.ended.then((ended) => {
      if (live.unsaved === undefined) this.register.remove(ended);
      else this.#unsaved.add(ended);
      this.#cancelRequests.rest();
      this.#options.onEnded(ended);
      this.watchers.tell(ended);
      this.#headlines.improve(ended, live.environment.headlines);
    });
  }
}
