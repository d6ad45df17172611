import PQueue from 'p-queue';
import type {Logger} from '../log.ts';
import {type Access, DEFAULT_ACCESS} from './access.ts';
import {Amendments} from './amendments.ts';
import {
  type Client,
  type Delegation,
  type DelegationHead,
  hasEnded,
  isUnread,
  type Owner,
} from './delegation.ts';
import {messageOf, notFound, Refusal} from './errors.ts';
import {execute, stop} from './execution.ts';
import {tidyHeadline, titleOf} from './headline.ts';
import {newId, parseId} from './id.ts';
import {settleLeftovers} from './leftover-worktrees.ts';
import {LiveDelegation} from './live.ts';
import {Overview} from './overview.ts';
import {pause} from './pause.ts';
import {
  type Activity,
  type Catalog,
  type HeadlineWriter,
  NO_PRODUCT,
  type Runner,
  type Store,
} from './ports.ts';
import {Recovery} from './recovery.ts';
import {checkDirectory, checkPrompt, checkTimeout} from './request.ts';
import type {Worktree, WorktreePlan, Worktrees} from './worktree.ts';

/** How often a delegation that another process runs is looked at while somebody waits for it. */
const FOREIGN_POLL_MS = 500;
/** So many ids are tried before the store is thought to be broken. */
const ID_ATTEMPTS = 20;

export interface DelegateRequest {
  /** The project of the client, under which the record is kept. */
  readonly project: string;
  readonly directory: string;
  readonly prompt: string;
  readonly agent?: string;
  readonly model?: string;
  /** Default: `agent`. */
  readonly access?: Access;
  readonly timeoutMinutes: number;
  readonly client: Client;
}

/** A delegation as it stands, with what is known only while it lives. */
export interface Sight {
  readonly delegation: Delegation;
  /** Only while it runs in this process. */
  readonly activity?: Activity;
  /** Its place in the queue, from 1; only while it is queued in this process. */
  readonly place?: number;
  /** What whoever has just delegated it should know, in whole sentences. */
  readonly notes?: readonly string[];
}

export interface WaitOptions {
  readonly project: string;
  readonly id: string;
  readonly ms: number;
  /** Ends the wait, never the delegation. */
  readonly signal?: AbortSignal;
  /** Called when the wait begins, and on every change while it lasts. */
  readonly onChange?: (sight: Sight) => void;
}

export interface DelegationsOptions {
  readonly catalog: Catalog;
  readonly runner: Runner;
  readonly worktrees: Worktrees;
  readonly store: Store;
  readonly headlines: HeadlineWriter;
  /** This process, in whose name delegations are run. */
  readonly owner: Owner;
  /** How many run at once; the rest wait in order. */
  readonly concurrency: number;
  readonly log: Logger;
  readonly now?: () => number;
}

/**
 * Owns the delegations of this process: the only place that starts, ends or changes them. One is made per
 * process, however many clients it serves.
 */
export class Delegations {
  /** Those that have not ended, and those whose end could not be stored. In the order they came. */
  readonly #live = new Map<string, LiveDelegation>();
  readonly #slots: PQueue;
  /** Title and summary are decoration: they must never crowd out the work. */
  readonly #headlineSlots = new PQueue({concurrency: 2});
  readonly #amendments: Amendments;
  readonly #recovery: Recovery;
  readonly #overview: Overview;
  /** What was read, while the mark is on its way to the disk. */
  readonly #justRead = new Map<string, DelegationHead>();
  readonly #registering = new Set<Promise<LiveDelegation>>();
  readonly #watchers = new Set<(delegation: Delegation) => void>();
  readonly #options: DelegationsOptions;
  readonly #now: () => number;
  #closing: Promise<void> | undefined;

  constructor(options: DelegationsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#slots = new PQueue({concurrency: options.concurrency});
    this.#amendments = new Amendments(options);
    this.#recovery = new Recovery({
      ...options,
      now: this.#now,
      enqueue: (live) => {
        this.#live.set(keyOf(live.record.project, live.record.id), live);
        this.#enqueue(live);
      },
    });
    this.#overview = new Overview({
      store: options.store,
      recovery: this.#recovery,
      known: (project) => this.#known(project),
    });
  }

  /**
   * Checks, registers and queues. Resolves as soon as the record is on disk.
   * @throws Refusal for what the caller can mend; nothing was started or stored then.
   */
  async delegate(request: DelegateRequest): Promise<Sight> {
    const {project, directory, prompt, client, agent, model} = request;
    const access = request.access ?? DEFAULT_ACCESS;
    checkPrompt(prompt);
    const timeoutMs = checkTimeout(request.timeoutMinutes);
    await checkDirectory(directory);
    const choice = await this.#options.catalog.choose({
      directory,
      ...(agent !== undefined && {agent}),
      ...(model !== undefined && {model}),
    });
    const plan = access === 'worktree' ? await this.#options.worktrees.plan(directory) : undefined;
    const draft: Delegation = {
      id: '',
      project,
      directory,
      access,
      ...choice,
      client,
      owner: this.#options.owner,
      timeoutMs,
      createdAt: this.#now(),
      title: titleOf(prompt),
      summary: '',
      state: {status: 'registered'},
      prompt,
      text: '',
    };
    const registering = this.#register(draft, plan);
    this.#registering.add(registering);
    const live = await registering.finally(() => this.#registering.delete(registering));
    this.#enqueue(live);
    this.#tell(live.record);
    return {...this.#sight(live), ...(plan !== undefined && {notes: plan.notes})};
  }

  /**
   * The delegation as it stands.
   * @throws Refusal when the id names none in this project.
   */
  async get(project: string, id: string): Promise<Sight> {
    const parsed = parseId(id);
    if (parsed === undefined) throw notFound(id);
    const live = this.#live.get(keyOf(project, parsed));
    if (live !== undefined) return this.#sight(live);
    const delegation = await this.#options.store.read(project, parsed);
    if (delegation === undefined) throw notFound(id);
    if (!this.#recovery.isOrphan(delegation)) return {delegation};
    const recovered = await this.#recovery.recover(delegation);
    if (recovered === undefined) throw notFound(id);
    const takenOver = this.#live.get(keyOf(project, parsed));
    return takenOver === undefined ? {delegation: recovered} : this.#sight(takenOver);
  }

  /** Every delegation of the project, newest first. */
  list(project: string): Promise<readonly DelegationHead[]> {
    return this.#overview.list(project);
  }

  /** Ids of the project's ended delegations that nobody has read to the end yet, newest first. */
  unread(project: string): Promise<readonly string[]> {
    return this.#overview.unread(project);
  }

  /**
   * Resolves when the delegation has ended, when the time is up, or when the signal aborts, whichever is
   * first, with the delegation as it then stands.
   * @throws Refusal when the id names none in this project.
   */
  async wait({project, id, ms, signal, onChange}: WaitOptions): Promise<Sight> {
    const deadline = this.#now() + ms;
    for (;;) {
      const sight = await this.get(project, id);
      if (hasEnded(sight.delegation.state)) return sight;
      const left = deadline - this.#now();
      if (left <= 0 || signal?.aborted) return sight;
      const live = this.#live.get(keyOf(project, sight.delegation.id));
      if (live === undefined) {
        // Another process runs it; its end will be seen in the file.
        await pause(Math.min(left, FOREIGN_POLL_MS), {signal});
        continue;
      }
      const tell = () => onChange?.(this.#sight(live));
      const unwatch = live.watch(tell);
      tell();
      try {
        await pause(left, {signal, until: live.ended});
      } finally {
        unwatch();
      }
    }
  }

  /**
   * Stops a delegation, queued or running, and resolves with the end it reached, which is another than
   * `cancelled` when it ended first.
   * @throws Refusal when the id names none in this project, or one that another process runs.
   */
  async cancel(project: string, id: string): Promise<{delegation: Delegation; wasEnded: boolean}> {
    const {delegation} = await this.get(project, id);
    if (hasEnded(delegation.state)) return {delegation, wasEnded: true};
    const live = this.#live.get(keyOf(project, delegation.id));
    if (live === undefined) {
      throw new Refusal(
        `${delegation.id} is run by another process (${delegation.client.name}, process ${delegation.owner.pid} on ${delegation.owner.hostname}). Cancel it from the client that started it, or stop that client.`,
      );
    }
    stop(live, 'cancelled');
    const ended = await live.ended;
    return {delegation: ended.text === '' ? await this.markRead(ended) : ended, wasEnded: false};
  }

  /**
   * Notes that somebody had the whole result: known here at once, on disk when it resolves. A failure to store
   * it is logged and does no harm.
   */
  async markRead(delegation: Delegation): Promise<Delegation> {
    if (!isUnread(delegation)) return delegation;
    const key = keyOf(delegation.project, delegation.id);
    const readAt = this.#now();
    this.#justRead.set(key, {...delegation, readAt});
    const record = await this.#amend(delegation, {readAt});
    this.#justRead.delete(key);
    return record;
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
   * returned function is called. What other processes run is not told.
   */
  watch(listener: (delegation: Delegation) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** How many are registered, queued or running here. */
  get active(): number {
    return [...this.#live.values()].filter(({record}) => !hasEnded(record.state)).length;
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
    this.#headlineSlots.clear();
    await Promise.allSettled(this.#registering);
    for (const live of [...this.#live.values()]) stop(live, 'interrupted');
    await Promise.all([...this.#live.values()].map((live) => live.ended));
    await this.#slots.onIdle();
    await this.#amendments.settled();
  }

  async #register(draft: Delegation, plan: WorktreePlan | undefined): Promise<LiveDelegation> {
    const {store, worktrees} = this.#options;
    for (let attempt = 0; attempt < ID_ATTEMPTS; attempt++) {
      if (this.#closing !== undefined) throw new Refusal('This server is stopping. Start it again.');
      const id = newId();
      const worktree = plan && worktrees.place(plan, {project: draft.project, id});
      const record = {...draft, id, ...(worktree !== undefined && {worktree})};
      const live = new LiveDelegation(record, this.#storing);
      const key = keyOf(record.project, record.id);
      if (this.#live.has(key)) continue;
      this.#live.set(key, live);
      const created = await store.create(record).catch((error: unknown) => messageOf(error));
      if (created === true) return live;
      this.#live.delete(key);
      if (typeof created === 'string') {
        throw new Refusal(
          `The delegation could not be stored, so it was not started: ${created}. Make the folder of ${store.artifact(record.project, record.id)} writable, or set OPENCODE_DELEGATE_DATA_DIR.`,
        );
      }
    }
    throw new Error(`no unused id was found in ${ID_ATTEMPTS} attempts`);
  }

  #enqueue(live: LiveDelegation): void {
    live.enqueued();
    if (this.#closing !== undefined) {
      stop(live, 'interrupted');
      return;
    }
    const slot = this.#slots.add(() => execute(live, {...this.#options, now: this.#now}));
    if (live.record.state.status === 'queued') void live.save();
    slot.catch((error: unknown) => {
      this.#options.log.error(`${live.record.id}: ${messageOf(error)}`);
      return live.end({
        outcome: 'error',
        product: NO_PRODUCT,
        error: `A fault in opencode-delegate: ${messageOf(error)}`,
      });
    });
    void live.ended.then((ended) => this.#afterEnd(live, ended));
  }

  #afterEnd(live: LiveDelegation, ended: Delegation): void {
    if (live.isSaved) this.#live.delete(keyOf(ended.project, ended.id));
    this.#tell(ended);
    if (ended.state.status !== 'completed' || this.#closing !== undefined) return;
    void this.#headlineSlots.add(async () => {
      const headline = await this.#options.headlines.write(ended);
      if (headline !== undefined && this.#closing === undefined)
        await this.#amend(ended, tidyHeadline(headline));
    });
  }

  async #amend(delegation: Delegation, change: Partial<Delegation>): Promise<Delegation> {
    const {record, isStored} = await this.#amendments.apply(delegation, change);
    // An end that could not be written at first is on disk now, and need not be kept in memory any longer.
    if (isStored) this.#live.delete(keyOf(record.project, record.id));
    return record;
  }

  /** What lives here, and what was just read: newer than what is stored. */
  #known(project: string): ReadonlyMap<string, DelegationHead> {
    const known = new Map<string, DelegationHead>();
    for (const {record} of this.#live.values()) if (record.project === project) known.set(record.id, record);
    for (const head of this.#justRead.values()) if (head.project === project) known.set(head.id, head);
    return known;
  }

  #tell(delegation: Delegation): void {
    for (const watcher of this.#watchers) watcher(delegation);
  }

  get #storing(): {store: Store; log: Logger; now: () => number} {
    const {store, log} = this.#options;
    return {store, log, now: this.#now};
  }

  #sight(live: LiveDelegation): Sight {
    const {status} = live.record.state;
    return {
      delegation: live.record,
      ...(status === 'running' && {activity: live.activity}),
      ...(status === 'queued' && {place: this.#placeOf(live)}),
    };
  }

  #placeOf(live: LiveDelegation): number {
    const queued = [...this.#live.values()].filter(({record}) => record.state.status === 'queued');
    return queued.indexOf(live) + 1;
  }
}

function keyOf(project: string, id: string): string {
  return `${project}/${id}`;
}
