import {deferred} from '../../base/deferred.ts';
import type {Logger} from '../../base/log.ts';
import {pause} from '../../base/pause.ts';
import {retryAfter} from '../../base/retry.ts';
import type {Ask} from '../model/ask.ts';
import type {NearLimit} from '../model/ceiling.ts';
import type {Delegation} from '../model/delegation.ts';
import type {TakenOn} from '../model/elsewhere.ts';
import type {End, StopCause} from '../model/end.ts';
import {transition} from '../model/lifecycle.ts';
import type {Environment} from '../model/ports.ts';
import type {Activity, Product} from '../model/run.ts';
import type {Worktree} from '../model/worktree.ts';
import {Additions} from './additions.ts';
import type {AgentAtWork} from './agent-at-work.ts';
import {KeptRecord} from './kept-record.ts';
import {endLine, startLine} from './log-lines.ts';
import {settled} from './settled.ts';
import type {Storing} from './storing.ts';
import {UsageSaving} from './usage-saving.ts';

/**
 * One delegation that this process owns, from its registration until its end is told: the only place where
 * its record changes in that time.
 */
export class LiveDelegation {
  /** What readers may see: an end stands here only once it is on disk. */
  readonly #kept: KeptRecord;
  #activity: Activity;
  /** Set by the end that came first; every later one is ignored. */
  #ending: Promise<Delegation> | undefined;
  #unsaved: string | undefined;
  #reached: NearLimit | undefined;
  readonly #usageSaving = new UsageSaving(() => this.save());
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #uptime: () => number;
  #ranSince: number | undefined;
  readonly #ended = deferred<Delegation>();
  readonly #stop = deferred<StopCause>();
  #agent: AgentAtWork | undefined;

  /** Where it runs. */
  readonly environment: Environment;
  readonly additions: Additions;

  constructor(record: Delegation, environment: Environment, storing: Storing) {
    this.#kept = new KeptRecord(record, storing);
    this.environment = environment;
    this.additions = new Additions({
      ...{kept: this.#kept, now: storing.now},
      isEnding: () => this.#ending !== undefined,
    });
    this.#activity = {toolCalls: 0, last: '', at: record.createdAt};
    this.#log = storing.log;
    this.#now = storing.now;
    this.#uptime = storing.uptime;
  }

  get record(): Delegation {
    return this.#kept.current;
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
    this.#kept.apply({type: 'enqueued'});
  }

  /** Returns false when it has come to an end before it could run. */
  started(): boolean {
    if (this.#ending !== undefined || !this.#kept.apply({type: 'started', at: this.#now()})) return false;
    this.#ranSince = this.#uptime();
    this.#log.info(startLine(this.record, this.#now()));
    return true;
  }

  /**
   * Resolves when it is on disk that it runs, and in which session, so that nothing can be sent twice, however long a
   * full disk keeps it from that. Until then, anyone who finds it without an owner begins it again.
   */
  async sessionOpened(sessionId: string): Promise<void> {
    this.#kept.apply({type: 'session-opened', sessionId});
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

  /** Somebody elsewhere has begun it. */
  taken({agent, model, ...taker}: TakenOn): void {
    if (this.#ending !== undefined || this.record.where === undefined) return;
    this.#kept.change({agent, model, where: {...this.record.where, ...taker}});
    this.started();
    void this.save();
  }

  /** The worktree is made, and this is where. */
  async worksIn(worktree: Worktree): Promise<void> {
    this.#kept.change({worktree});
    await this.save();
  }

  /** Another model takes the place of its own, which was refused. */
  takes(model: string, why: string): void {
    if (this.#ending !== undefined) return;
    const {passedOver = [], model: refused} = this.record;
    this.#kept.change({model, passedOver: [...passedOver, {model: refused, why}]});
    this.#log.info(`${this.record.id} is given to ${model}: ${refused} was refused`);
    this.#kept.tell();
    void this.save();
  }

  /** Stores the record as it stands. Resolves with whether that was possible; a failure is logged. */
  save(): Promise<boolean> {
    return this.#kept.save();
  }

  worked(activity: Activity): void {
    const {usage} = activity;
    const isMore = usage !== undefined && usage !== this.#activity.usage;
    this.#activity = activity;
    if (isMore && this.#ending === undefined) {
      this.#kept.change({state: transition(this.record.state, {type: 'used', usage})});
      this.#usageSaving.used(usage);
    }
    this.#kept.tell();
  }

  /** Its agent; `undefined` unless it is at work. */
  get agent(): AgentAtWork | undefined {
    return this.#agent;
  }

  /** This agent works for it until the returned function is called. */
  runsThrough(agent: AgentAtWork): () => void {
    this.#agent = agent;
    return () => {
      this.#agent = undefined;
      this.#kept.tell();
    };
  }

  /** Its agent waits on these requests, or on none any more. */
  blocked(asks: readonly Ask[]): void {
    if (this.#ending === undefined && this.#kept.apply({type: 'blocked', asks})) void this.save();
  }

  /** Its answer does not fit: its agent is to repair it, in its session. Resolves when that is on disk, if it can be. */
  async repairs({product, why}: {readonly product: Product; readonly why: string}): Promise<void> {
    const {state} = this.record;
    if (this.#ending !== undefined || state.status !== 'running' || state.sessionId === undefined) return;
    this.#kept.change({text: product.text, repair: {sessionId: state.sessionId, why}});
    this.additions.heard(product.heard ?? []);
    await this.save();
  }

  /** Calls back on every change until the returned function is called. */
  watch(listener: () => void): () => void {
    return this.#kept.watch(listener);
  }

  /**
   * Decides the end, stores it, and only then tells it. The first call wins; later ones change nothing and
   * resolve with what the first decided.
   */
  end(end: End): Promise<Delegation> {
    const {outcome, product} = end;
    const possible = transition(this.record.state, {type: 'ended', at: 0, outcome, work: product.work});
    if (this.#ending === undefined && possible !== this.record.state) this.#ending = this.#settle(end);
    return this.#ending ?? this.ended;
  }

  /**
   * Lets it go without an end, for the next process to find out what became of it: the record stays as it is on
   * disk, and anyone who waits is told that.
   */
  leave(): void {
    if (this.#ending !== undefined) return;
    this.#usageSaving.close();
    this.#ending = Promise.resolve(this.record);
    this.#ended.resolve(this.record);
    this.#kept.tell();
  }

  async #settle(end: End): Promise<Delegation> {
    this.#usageSaving.close();
    const ranMs = this.#ranSince === undefined ? undefined : this.#uptime() - this.#ranSince;
    const record = settled(this.record, end, {at: this.#now(), ranMs});
    this.#unsaved = await this.#kept.replace(record);
    if (this.#unsaved !== undefined)
      this.#log.error(`${record.id}: its end could not be written: ${this.#unsaved}`);
    this.#log.info(endLine(record));
    this.#ended.resolve(record);
    this.#kept.tell();
    return record;
  }
}
