import {Amendments} from './amendments.ts';
import type {Reply} from './ask.ts';
import {inFreeSession, nextRequest, sessionToContinue} from './continuation.ts';
import {type Delegation, type DelegationHead, hasEnded, isUnread, type Owner} from './delegation.ts';
import {Dispatch, type DispatchOptions} from './dispatch.ts';
import {draftOf} from './draft.ts';
import {messageOf} from './errors.ts';
import {stop} from './execution.ts';
import {Headlines} from './headlines.ts';
import {settleLeftovers} from './leftover-worktrees.ts';
import type {LiveDelegation} from './live.ts';
import {Overview} from './overview.ts';
import type {Catalog, HeadlineWriter, Store} from './ports.ts';
import {Recovery} from './recovery.ts';
import {Register} from './register.ts';
import {type Replied, replyTo, runElsewhere} from './replying.ts';
import type {ContinueRequest, DelegateRequest} from './request.ts';
import type {Sight} from './sight.ts';
import {type WaitOptions, Waits} from './waits.ts';
import type {Worktree} from './worktree.ts';

export interface DelegationsOptions extends Omit<DispatchOptions, 'now' | 'onAlsoChanged'> {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly headlines: HeadlineWriter;
  /** This process, in whose name delegations are run. */
  readonly owner: Owner;
  readonly now?: () => number;
}

/** Owns the delegations of this process, one for all its clients: the only place that starts, ends or changes them. */
export class Delegations {
  readonly #register: Register;
  readonly #dispatch: Dispatch;
  readonly #headlines: Headlines;
  readonly #amendments: Amendments;
  readonly #recovery: Recovery;
  readonly #overview: Overview;
  readonly #waits: Waits;
  readonly #watchers = new Set<(delegation: Delegation) => void>();
  readonly #options: DelegationsOptions & {readonly now: () => number};
  #closing: Promise<void> | undefined;

  constructor(options: DelegationsOptions) {
    const all = {...options, now: options.now ?? Date.now};
    this.#options = all;
    this.#register = new Register({storing: all, isClosing: () => this.#closing !== undefined});
    this.#dispatch = new Dispatch({
      ...all,
      onAlsoChanged: (delegation, alsoChanged) => void this.#amend(delegation, {alsoChanged}),
    });
    this.#headlines = new Headlines({
      writer: options.headlines,
      amend: (delegation, headline) => this.#amend(delegation, headline),
    });
    this.#amendments = new Amendments(all);
    this.#recovery = new Recovery({
      ...all,
      enqueue: (live) => {
        this.#register.add(live);
        this.#enqueue(live);
      },
      isClosing: () => this.#closing !== undefined,
      onSettled: (ended) => this.#tell(ended),
    });
    this.#overview = new Overview({
      store: all.store,
      recovery: this.#recovery,
      register: this.#register,
      waiting: (live) => this.#dispatch.waiting(live),
    });
    this.#waits = new Waits({now: all.now, overview: this.#overview, register: this.#register});
  }

  /**
   * Checks, registers and queues. Resolves as soon as the record is on disk.
   * @throws Refusal for what the caller can mend; nothing was started or stored then.
   */
  async delegate(request: DelegateRequest): Promise<Sight> {
    const {draft, worktreeOf, notes} = await draftOf(request, this.#options);
    const live = await this.#register.create(draft, worktreeOf);
    this.#enqueue(live);
    this.#tell(live.record);
    return {...this.#overview.sight(live), notes: [...notes, ...this.#dispatch.notesFor(live)]};
  }

  /**
   * As {@link delegate}, in the session of a delegation that has ended: its agent knows all that was said there.
   * @throws Refusal when it has not ended, has no session that could be gone on in, or somebody does so already.
   */
  async continue(request: ContinueRequest): Promise<Sight> {
    const {runner, store, worktrees} = this.#options;
    const {project} = request;
    const {delegation: source} = await this.get(project, request.id);
    const next = nextRequest(source, request);
    const continues = await sessionToContinue(source, runner);
    const list = () => this.list(project);
    return inFreeSession({...continues, project}, {store, list}, async () => {
      const worktree = source.worktree && (await worktrees.reopen(source.worktree));
      return this.delegate({...next, continues, ...(worktree !== undefined && {worktree})});
    });
  }

  /**
   * The delegation as it stands.
   * @throws Refusal when the id names none in this project.
   */
  get(project: string, id: string): Promise<Sight> {
    return this.#overview.get(project, id);
  }

  /** Every delegation of the project, newest first. */
  list(project: string): Promise<readonly DelegationHead[]> {
    return this.#overview.list(project);
  }

  /** The delegation as it lives in this process; `undefined` when it does not. */
  sight(project: string, id: string): Sight | undefined {
    const live = this.#register.find(project, id);
    return live && this.#overview.sight(live);
  }

  /** Ids of the project's ended delegations that nobody has read to the end yet, newest first. */
  unread(project: string): Promise<readonly string[]> {
    return this.#overview.unread(project);
  }

  /**
   * Resolves when the delegation has ended, when the time is up, or when the signal aborts, whichever is
   * first, with the delegation as it then stands. Resolves also when it waits on a request that no earlier wait
   * has ended with: only an answer gets it on.
   * @throws Refusal when the id names none in this project.
   */
  wait(options: WaitOptions): Promise<Sight> {
    return this.#waits.wait(options);
  }

  /**
   * Stops a delegation, queued or running, and resolves with the end it reached, which is another than
   * `cancelled` when it ended first.
   * @throws Refusal when the id names none in this project, or one that another process runs.
   */
  async cancel(project: string, id: string): Promise<{delegation: Delegation; wasEnded: boolean}> {
    const {delegation} = await this.get(project, id);
    if (hasEnded(delegation.state)) return {delegation, wasEnded: true};
    const live = this.#register.find(project, delegation.id);
    if (live === undefined) throw runElsewhere(delegation, 'Cancel');
    stop(live, 'cancelled');
    const ended = await live.ended;
    return {delegation: ended.text === '' ? await this.markRead(ended) : ended, wasEnded: false};
  }

  /**
   * Answers a permission request or a question that a delegation waits on, this once.
   * @throws Refusal when the id names none in this project, when it waits for no such answer, or when another
   * process runs it.
   */
  async reply(project: string, id: string, reply: Reply): Promise<Replied> {
    const {delegation} = await this.get(project, id);
    return replyTo({delegation, live: this.#register.find(project, delegation.id)}, reply);
  }

  /** The project's delegations that wait for an answer and run in this process. */
  blocked(project: string): readonly Delegation[] {
    return this.#overview.blocked(project);
  }

  /**
   * Notes that somebody had the whole result: known here at once, on disk when it resolves. A failure to store
   * it is logged and does no harm.
   */
  async markRead(delegation: Delegation): Promise<Delegation> {
    if (!isUnread(delegation)) return delegation;
    const readAt = this.#options.now();
    return this.#register.reading({...delegation, readAt}, () => this.#amend(delegation, {readAt}));
  }

  /**
   * Looks at every record of every project that has not ended, and recovers those whose owner is gone. Answers
   * about a project recover that project first, so this is for the projects that nobody asks about, and for the
   * worktrees that were left behind.
   */
  async recover(): Promise<void> {
    for (const project of await this.#options.store.projects()) {
      await this.list(project).catch((error: unknown) => {
        this.#options.log.warn(`${project} could not be recovered: ${messageOf(error)}`);
      });
    }
    const amend = (delegation: Delegation, worktree: Worktree) => this.#amend(delegation, {worktree});
    await settleLeftovers({...this.#options, amend});
  }

  /**
   * Calls back when a delegation of this process exists, and when it has ended and that is on disk, until the
   * returned function is called. What other processes run is not told, unless they are gone and this one has
   * given it its end.
   */
  watch(listener: (delegation: Delegation) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** How many are registered, queued or running here, or being recovered. */
  get active(): number {
    return this.#recovery.active + this.#register.all.filter(({record}) => !hasEnded(record.state)).length;
  }

  /**
   * Ends everything: what runs becomes `interrupted` with the text it had, what waits becomes `interrupted`
   * without having run. Resolves when all ends are stored and all sessions have stopped. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#headlines.close();
    this.#recovery.close();
    await this.#register.settled();
    for (const live of this.#register.all) stop(live, 'interrupted');
    await Promise.all(this.#register.all.map((live) => live.ended));
    await this.#dispatch.onIdle();
    await this.#amendments.settled();
  }

  #enqueue(live: LiveDelegation): void {
    live.enqueued();
    if (this.#closing !== undefined) stop(live, 'interrupted');
    else this.#dispatch.add(live);
    void live.ended.then((ended) => {
      if (live.isSaved) this.#register.remove(ended);
      this.#tell(ended);
      this.#headlines.improve(ended);
    });
  }

  async #amend(delegation: Delegation, change: Partial<Delegation>): Promise<Delegation> {
    const {record, isStored} = await this.#amendments.apply(delegation, change);
    // An end that could not be written at first is on disk now, and need not be kept in memory any longer.
    if (isStored) this.#register.remove(record);
    return record;
  }

  #tell(delegation: Delegation): void {
    for (const watcher of this.#watchers) watcher(delegation);
  }
}
