import {deferred} from '../../base/deferred.ts';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {pause} from '../../base/pause.ts';
import {retryAfter} from '../../base/retry.ts';
import type {Asks} from '../asks/asks.ts';
import {concluded} from '../asks/decisions.ts';
import type {Ask, Decision} from '../model/ask.ts';
import type {NearLimit} from '../model/ceiling.ts';
import type {ConversationEntry} from '../model/conversation.ts';
import type {Delegation} from '../model/delegation.ts';
import type {End, StopCause} from '../model/end.ts';
import {summaryOf} from '../model/headline.ts';
import {type LifecycleEvent, transition} from '../model/lifecycle.ts';
import type {SentMessage} from '../model/message.ts';
import type {Environment, Store} from '../model/ports.ts';
import type {Activity, Product} from '../model/run.ts';
import type {Worktree} from '../model/worktree.ts';
import type {AgentAtWork} from './agent-at-work.ts';
import {endLine, startLine} from './log-lines.ts';
import {messagesAtEnd, withHeard, withMessage} from './messages.ts';
import type {Storing} from './storing.ts';
import {UsageSaving} from './usage-saving.ts';
import {Watchers} from './watchers.ts';

/**
 * One delegation that this process owns, from its registration until its end is told: the only place where
 * its record changes in that time.
 */
export class LiveDelegation {
  /** What readers may see: an end stands here only once it is on disk. */
  #record: Delegation;
  #activity: Activity;
  /** Set by the end that came first; every later one is ignored. */
  #ending: Promise<Delegation> | undefined;
  /** Writes happen one after the other, so that an older state never replaces a newer one. */
  #writes: Promise<void> = Promise.resolve();
  #unsaved: string | undefined;
  #reached: NearLimit | undefined;
  readonly #usageSaving = new UsageSaving(() => this.save());
  readonly #store: Store;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #uptime: () => number;
  #ranSince: number | undefined;
  readonly #ended = deferred<Delegation>();
  readonly #stop = deferred<StopCause>();
  readonly #watchers: Watchers<void>;
  #agent: AgentAtWork | undefined;

  /** Where it runs. */
  readonly environment: Environment;

  constructor(record: Delegation, environment: Environment, {store, log, now, uptime}: Storing) {
    this.#record = record;
    this.environment = environment;
    this.#activity = {toolCalls: 0, last: '', at: record.createdAt};
    this.#store = store;
    this.#log = log;
    this.#watchers = new Watchers(log);
    this.#now = now;
    this.#uptime = uptime;
  }

  get record(): Delegation {
    return this.#record;
  }

  get activity(): Activity {
    return this.#activity;
  }

  /** Why the end could not be written, where that is so: it then lives in memory only. */
  get unsaved(): string | undefined {
    return this.#unsaved;
  }

  /** Resolves when the end is on disk, or has failed to get there at first, and may be told. Never rejects. */
  get ended(): Promise<Delegation> {
    return this.#ended.promise;
  }

  /** Resolves with the first reason that somebody gave to stop it, if ever. */
  get stopped(): Promise<StopCause> {
    return this.#stop.promise;
  }

  /** Asks for an end from outside. The one who runs the delegation decides what becomes of it. */
  stop(cause: StopCause): void {
    this.#stop.resolve(cause);
  }

  /** It is to be ended because of this limit. */
  reaches(limit: NearLimit): void {
    this.#reached ??= limit;
    this.stop('limit');
  }

  /** The limit that it is ended at. */
  get reached(): NearLimit | undefined {
    return this.#reached;
  }

  enqueued(): void {
    this.#apply({type: 'enqueued'});
  }

  /** Returns false when it has come to an end before it could run. */
  started(): boolean {
    if (this.#ending !== undefined || !this.#apply({type: 'started', at: this.#now()})) return false;
    this.#ranSince = this.#uptime();
    this.#log.info(startLine(this.#record, this.#now()));
    return true;
  }

  /**
   * Resolves when it is on disk that it runs, and in which session, so that nothing can be sent twice, however long a
   * full disk keeps it from that. Until then, anyone who finds it without an owner begins it again.
   */
  async sessionOpened(sessionId: string): Promise<void> {
    this.#apply({type: 'session-opened', sessionId});
    for (let wait = retryAfter(); !(await this.save()); wait = retryAfter(wait)) {
      if (this.#ending !== undefined) return;
      this.worked({
        ...this.#activity,
        last: 'waits until it can be written to disk that it runs',
        at: this.#now(),
      });
      await pause(wait, {until: Promise.race([this.stopped, this.ended])});
    }
  }

  /** The worktree is made, and this is where. */
  async worksIn(worktree: Worktree): Promise<void> {
    this.#record = {...this.#record, worktree};
    await this.save();
  }

  /** Another model takes the place of its own, which was refused. */
  takes(model: string, why: string): void {
    if (this.#ending !== undefined) return;
    const {passedOver = [], model: refused} = this.#record;
    this.#record = {...this.#record, model, passedOver: [...passedOver, {model: refused, why}]};
    this.#log.info(`${this.#record.id} is given to ${model}: ${refused} was refused`);
    this.#watchers.tell();
    void this.save();
  }

  /** Stores the record as it stands. Resolves with whether that was possible; a failure is logged. */
  async save(): Promise<boolean> {
    try {
      await this.#write(() => this.#record);
      return true;
    } catch (error) {
      this.#log.warn(`${this.#record.id}: its record could not be updated: ${messageOf(error)}`);
      return false;
    }
  }

  worked(activity: Activity): void {
    const {usage} = activity;
    const isMore = usage !== undefined && usage !== this.#activity.usage;
    this.#activity = activity;
    if (isMore && this.#ending === undefined) {
      this.#record = {...this.#record, state: transition(this.#record.state, {type: 'used', usage})};
      this.#usageSaving.used(usage);
    }
    this.#watchers.tell();
  }

  /** Its agent; `undefined` unless it is at work. */
  get agent(): AgentAtWork | undefined {
    return this.#agent;
  }

  /** The requests of its agent, to be answered; only while it runs. */
  get asks(): Asks | undefined {
    return this.#agent?.asks;
  }

  /** What its agent has said and done so far; `undefined` unless it runs. */
  get conversation(): readonly ConversationEntry[] | undefined {
    return this.#agent?.conversation();
  }

  /** This agent works for it until the returned function is called. */
  runsThrough(agent: AgentAtWork): () => void {
    this.#agent = agent;
    return () => {
      this.#agent = undefined;
      this.#watchers.tell();
    };
  }

  /** Its agent waits on these requests, or on none any more. */
  blocked(asks: readonly Ask[]): void {
    if (this.#ending === undefined && this.#apply({type: 'blocked', asks})) void this.save();
  }

  /** The one who has just delegated it is told this as well. */
  noted(notes: readonly string[]): void {
    if (this.#ending !== undefined || notes.length === 0) return;
    this.#record = {...this.#record, notes: [...(this.#record.notes ?? []), ...notes]};
    void this.save();
  }

  /**
   * Takes down what somebody tells it, for its agent to be given. Resolves when that is on disk: with `undefined` when it
   * could not be written, or it came to its end first.
   */
  async takeDown(text: string): Promise<SentMessage | undefined> {
    if (this.#ending !== undefined) return undefined;
    const before = this.#record;
    const messages = withMessage(before, {text, at: this.#now()});
    const message = messages.at(-1);
    this.#record = {...before, messages};
    const isStored = await this.save();
    return isStored && this.#ending === undefined ? message : undefined;
  }

  /** Its answer does not fit: its agent is to repair it, in its session. Resolves when that is on disk, if it can be. */
  async repairs({product, why}: {readonly product: Product; readonly why: string}): Promise<void> {
    const {state} = this.#record;
    if (this.#ending !== undefined || state.status !== 'running' || state.sessionId === undefined) return;
    this.#record = {...this.#record, text: product.text, repair: {sessionId: state.sessionId, why}};
    this.heard(product.heard ?? []);
    await this.save();
  }

  /** Its agent was given these messages. */
  heard(numbers: readonly number[]): void {
    const {messages = []} = this.#record;
    const known = withHeard(messages, {numbers, at: this.#now()});
    if (this.#ending !== undefined || known === messages) return;
    this.#record = {...this.#record, messages: known};
    void this.save();
  }

  decided(decision: Decision): void {
    if (this.#ending !== undefined) return;
    this.#record = {...this.#record, decisions: [...(this.#record.decisions ?? []), decision]};
    void this.save();
  }

  /** Calls back on every change until the returned function is called. */
  watch(listener: () => void): () => void {
    return this.#watchers.add(listener);
  }

  /**
   * Decides the end, stores it, and only then tells it. The first call wins; later ones change nothing and
   * resolve with what the first decided.
   */
  end(end: End): Promise<Delegation> {
    const {outcome, product} = end;
    const possible = transition(this.#record.state, {type: 'ended', at: 0, outcome, work: product.work});
    if (this.#ending === undefined && possible !== this.#record.state) this.#ending = this.#settle(end);
    return this.#ending ?? this.ended;
  }

  /**
   * Lets it go without an end, for the next process to find out what became of it: the record stays as it is on
   * disk, and anyone who waits is told that.
   */
  leave(): void {
    if (this.#ending !== undefined) return;
    this.#usageSaving.close();
    this.#ending = Promise.resolve(this.#record);
    this.#ended.resolve(this.#record);
    this.#watchers.tell();
  }

  async #settle({outcome, product, error, atLimit, worktree, alsoChanged = []}: End): Promise<Delegation> {
    this.#usageSaving.close();
    const at = this.#now();
    const {work: done, ...decisions} = concluded(this.#record, {work: product.work, at});
    const {work, ...messages} = messagesAtEnd(this.#record, {product, work: done, at});
    const record: Delegation = {
      ...this.#record,
      ...decisions,
      ...messages,
      state: transition(this.#record.state, {
        ...{type: 'ended', at, work, outcome},
        ...(this.#ranSince !== undefined && {ranMs: this.#uptime() - this.#ranSince}),
        ...(error !== undefined && {error}),
        ...(atLimit !== undefined && {atLimit}),
      }),
      // What it was asked to repair is kept where it was stopped before it could.
      text: product.text === '' ? this.#record.text : product.text,
      ...(worktree !== undefined && {worktree}),
      ...(alsoChanged.length > 0 && {alsoChanged}),
      summary: summaryOf(error ?? product.text),
    };
    try {
      await this.#write(() => record);
    } catch (failure) {
      this.#unsaved = messageOf(failure);
      this.#log.error(`${record.id}: its end could not be written: ${this.#unsaved}`);
    }
    this.#record = record;
    this.#log.info(endLine(record));
    this.#ended.resolve(record);
    this.#watchers.tell();
    return record;
  }

  #apply(event: LifecycleEvent): boolean {
    const state = transition(this.#record.state, event);
    if (state === this.#record.state) return false;
    this.#record = {...this.#record, state};
    this.#watchers.tell();
    return true;
  }

  #write(record: () => Delegation): Promise<void> {
    const written = this.#writes.then(() => this.#store.write(record()));
    // The next write must happen whether or not this one did; its own caller hears of the failure.
    this.#writes = written.catch(() => {});
    return written;
  }
}
