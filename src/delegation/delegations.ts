import {uptime} from 'node:os';
import {messageOf} from '../base/errors.ts';
import {ShownAsks} from './asks/shown-asks.ts';
import {Cancelling} from './cancel/cancelling.ts';
import type {Clocks} from './live/storing.ts';
import type {Reply} from './model/ask.ts';
import type {ConversationEntry} from './model/conversation.ts';
import type {Delegation, DelegationHead} from './model/delegation.ts';
import type {DelegationView} from './model/view.ts';
import type {Worktree} from './model/worktree.ts';
import {OwnDelegations, type OwnDelegationsOptions} from './own-delegations.ts';
import {type FirstOptions, Firsts, type Found} from './read/first.ts';
import {Overview} from './read/overview.ts';
import {type Replied, replyTo} from './read/replying.ts';
import {type MessageTaken, tellTo} from './read/telling.ts';
import {type WaitOptions, Waits} from './read/waits.ts';
import {finishLeftovers} from './recover/leftover-worktrees.ts';
import type {Limits} from './run/limits.ts';
import {continueIn} from './submit/continuation.ts';
import {draftOf} from './submit/draft.ts';
import type {ContinueInput, DelegateInput} from './submit/input.ts';
import {PendingCalls} from './submit/pending-calls.ts';
import {placed} from './submit/placed.ts';
import type {Register} from './submit/register.ts';

/** The clocks are those of the system unless they are given. */
export interface DelegationsOptions
  extends Omit<OwnDelegationsOptions, keyof Clocks | 'onEnded'>,
    Partial<Clocks> {}

/** What can be done with delegations, one for all clients of this process: the only way to start, end or change them. */
export class Delegations {
  readonly #calls = new PendingCalls();
  readonly #own: OwnDelegations;
  readonly #register: Register;
  readonly #overview: Overview;
  readonly #waits: Waits;
  readonly #firsts: Firsts;
  readonly #cancelling: Cancelling;
  readonly #options: DelegationsOptions & Clocks & {readonly limiting: Limits};

  constructor(options: DelegationsOptions) {
    const system = {now: Date.now, uptime: () => uptime() * 1_000, ...options};
    const own = new OwnDelegations({...system, onEnded: (ended) => this.#waits.forget(ended)});
    const {register, recovery, limits} = own;
    this.#own = own;
    this.#register = register;
    this.#options = {...system, limiting: limits};
    const markRead = (delegation: Delegation) => own.markRead(delegation);
    const parts = {...system, register, recovery, markRead};
    this.#overview = new Overview({
      ...{...parts, waiting: (live) => own.waiting(live), near: (live) => limits.near(live)},
    });
    const reading = {...parts, overview: this.#overview, shownAsks: new ShownAsks()};
    this.#waits = new Waits(reading);
    this.#firsts = new Firsts({...reading, watchers: own.watchers});
    this.#cancelling = new Cancelling({...parts, overview: this.#overview, waits: this.#waits});
  }

  /**
   * Checks, registers and queues. Resolves as soon as the record is on disk.
   * @throws Refusal for what the caller can mend; nothing was started or stored then.
   */
  delegate(request: DelegateInput): Promise<DelegationView> {
    return this.#calls.run(request, () => this.#delegate(request));
  }

  async #delegate(given: DelegateInput): Promise<DelegationView> {
    const request = placed(given);
    this.#register.checkRoom(request);
    const {draft, worktreeOf} = await draftOf(request, this.#options);
    const live = await this.#register.create(draft, request.environment, worktreeOf);
    this.#own.begin(live);
    return this.#overview.view(live);
  }

  /**
   * As {@link delegate}, in the session of a delegation that has ended: its agent knows all that was said there.
   * @throws Refusal when it has not ended, has no session that could be gone on in, or somebody does so already.
   */
  continue(request: ContinueInput): Promise<DelegationView> {
    return continueIn(request, {
      store: this.#options.store,
      get: (id) => this.get(request.project, id),
      list: () => this.list(request.project),
      delegate: (next) => this.delegate(next),
    });
  }

  /** The delegation as it stands. @throws Refusal when the id names none in this project. */
  get(project: string, id: string): Promise<DelegationView> {
    return this.#overview.get(project, id);
  }

  /** All that have no end and live in this process, of every project, in the order they came. */
  get open(): readonly DelegationView[] {
    return this.#register.open.map((live) => this.#overview.view(live));
  }

  /**
   * What the agent of a delegation, and those below it, have said and done so far, oldest first; `undefined` unless it
   * runs in this process.
   */
  conversation(project: string, id: string): readonly ConversationEntry[] | undefined {
    return this.conversationOf(project, id)?.();
  }

  /** What tells the conversation of the agent that is at work at this moment, also after its end. */
  conversationOf(project: string, id: string): (() => readonly ConversationEntry[]) | undefined {
    return this.#register.find(project, id)?.agent?.conversation;
  }

  /** True for a delegation of the project. */
  isIn(project: string, delegation: Delegation): boolean {
    return this.#options.store.has(project, delegation);
  }

  /** All of the project, newest first. */
  async list(project: string): Promise<readonly DelegationHead[]> {
    await this.#calls.seen(project);
    return this.#overview.list(project);
  }

  /** The delegation as it lives in this process; `undefined` when it does not. */
  view(project: string, id: string): DelegationView | undefined {
    return this.#overview.live(project, id);
  }

  /** Ids of the project's ended delegations that nobody has read yet, newest first. */
  unread(project: string): Promise<readonly string[]> {
    return this.#overview.unread(project);
  }

  /**
   * Resolves when the delegation has ended, the time is up, or the signal aborts, whichever is first, with how it then
   * stands. Also when it waits on a request that no earlier wait has ended with: only an answer gets it on.
   * @throws Refusal when the id names none in this project.
   */
  wait(options: WaitOptions): Promise<DelegationView> {
    return this.#waits.wait(options);
  }

  /** As {@link Firsts.first}: whichever of a project's delegations is first to end unread, or to ask for something. */
  first<T>(options: FirstOptions, use: (found: DelegationView) => Promise<T>): Promise<Found<T>> {
    return this.#firsts.first(options, use);
  }

  /**
   * Stops a delegation, queued or running, no matter who runs it, and resolves with the end it reached, which is another
   * than `cancelled` when it ended first.
   * @throws Refusal when the id names none in this project, or the process that runs it does not react.
   */
  cancel(project: string, id: string): Promise<{delegation: Delegation; wasEnded: boolean}> {
    return this.#cancelling.cancel(project, id);
  }

  /**
   * Answers a permission request or a question that a delegation waits on, this once.
   * @throws Refusal when the id names none here, it waits for no such answer, or another process runs it.
   */
  async reply(project: string, id: string, reply: Reply): Promise<Replied> {
    const {delegation} = await this.get(project, id);
    return replyTo({delegation, live: this.#register.find(project, delegation.id)}, reply);
  }

  /**
   * Tells a delegation that waits or runs something more.
   * @throws Refusal when the id names none here, it came too late, or another process runs it.
   */
  async tell(project: string, id: string, text: string): Promise<MessageTaken> {
    const {delegation} = await this.get(project, id);
    return tellTo({delegation, live: this.#register.find(project, delegation.id)}, text);
  }

  /** The project's delegations that wait for an answer and run in this process. */
  blocked(project: string): readonly Delegation[] {
    return this.#overview.blocked(project);
  }

  /** Notes that somebody had the whole result: known here at once, on disk when it resolves, if it can be stored. */
  markRead(delegation: Delegation): Promise<Delegation> {
    return this.#own.markRead(delegation);
  }

  /**
   * Changes the text of one that has ended to what has come since. Where somebody had read it, that was not the whole
   * result: it is unread again, and those who were told of it are told again.
   * @returns the record as it then is.
   */
  addLate(ended: Delegation, text: string): Promise<Delegation> {
    return this.#own.addLate(ended, text);
  }

  /**
   * Recovers every record without an end whose owner is gone. Answers about a project recover that project first, so
   * this is for those that nobody asks about, and for the worktrees that were left behind.
   */
  async recover(): Promise<void> {
    for await (const heads of this.#options.store.unfinished()) {
      await this.#overview.recover(heads).catch((error: unknown) => {
        this.#options.log.warn(`${heads[0]?.project} could not be recovered: ${messageOf(error)}`);
      });
    }
    const amend = (delegation: Delegation, worktree: Worktree) => this.#own.amend(delegation, {worktree});
    const [environment] = this.#options.environments.all;
    if (environment !== undefined) await finishLeftovers({...this.#options, ...environment, amend});
  }

  /**
   * Calls back when a delegation of this process exists, whenever its agent asks for something, and when it has its end,
   * until the returned function is called. What other processes run is not told, unless this one has given it its end.
   */
  watch(listener: (delegation: Delegation) => void): () => void {
    return this.#own.watchers.add(listener);
  }

  /** How many of one environment have no end here. */
  activeIn(key: string): number {
    return this.#register.open.filter(({environment}) => environment.key === key).length;
  }

  /** How many are registered, queued or running here, being recovered, or have an end that is not on disk yet. */
  get active(): number {
    return this.#own.active;
  }

  /** How many of them run on other machines. */
  get elsewhere(): number {
    return this.#register.open.filter(({environment}) => environment.where !== undefined).length;
  }

  /**
   * Ends everything as `interrupted`: what runs with the text it had, what waits without having run. Resolves when all
   * ends are stored and all sessions have stopped. Idempotent.
   */
  close(): Promise<void> {
    return this.#own.close();
  }
}
