import type {LiveDelegation} from '../live/live.ts';
import type {Waiting, WaitReason} from '../model/waiting.ts';
import {FairLine} from './fair-line.ts';
import {Lane} from './lane.ts';
import {otherModels} from './other-models.ts';

/** Timers cannot be set for longer; a wait that is longer is looked at in between. */
const LONGEST_TIMER_MS = 24 * 60 * 60_000;

/** How many delegations of a provider or a model may run at once: `anthropic`, or `openai/gpt-5`. */
export type LaneLimits = ReadonlyMap<string, number>;

export interface QueueOptions {
  /** How many run at once in all. */
  readonly concurrency: number;
  readonly limits: LaneLimits;
  readonly now: () => number;
  /** What this very delegation has to wait for, if anything; it holds up nobody else. */
  readonly waitsFor?: (live: LiveDelegation) => WaitReason | undefined;
}

interface Entry {
  /** The client and the project that it came from. */
  readonly owner: string;
  readonly live: LiveDelegation;
  lane: Lane;
  /** Runs it; settles when its slot is free again. */
  readonly run: () => Promise<void>;
}

/**
 * Decides which delegation runs when. Those of one client start in the order in which they came, and the clients
 * take turns; a provider or model whose lane is full or rate-limited holds up nobody but its own.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #waiting = new FairLine<Entry>();
  readonly #running = new Set<Entry>();
  readonly #idle = new Set<() => void>();
  #isClosed = false;
  /** Set while a lane waits for its provider. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /**
   * Starts the work when it is this delegation's turn, at once if it may; drops it when the delegation ends
   * before. Settles as the work does, or when it was dropped.
   */
  add(live: LiveDelegation, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const {project, client} = live.record;
      const entry: Entry = {
        owner: `${client.name} in ${project}`,
        live,
        lane: this.#laneOf(live.record.model),
        run: () => work().then(resolve, reject),
      };
      this.#waiting.add(entry);
      void live.ended.then(() => {
        if (!this.#waiting.delete(entry)) return;
        resolve();
        this.#startWhatMay();
      });
      this.#startWhatMay();
    });
  }

  /** The provider of that model has had too many requests, and may be asked again at that time. */
  rateLimited(model: string, until: number): void {
    this.#laneOf(model).complained({now: this.#options.now(), until});
    this.#startWhatMay();
  }

  /** Why it has not started; `undefined` when it does not wait. */
  waiting(live: LiveDelegation): Waiting | undefined {
    const lane = this.#laneOf(live.record.model);
    const queued = [...this.#waiting].filter((entry) => entry.lane === lane);
    const place = queued.findIndex((entry) => entry.live === live) + 1;
    if (place === 0) return undefined;
    return {place, reason: this.#whyNot(lane) ?? this.#options.waitsFor?.(live) ?? this.#allTaken};
  }

  /** Resolves when nothing waits and nothing runs. */
  async onIdle(): Promise<void> {
    if (this.#waiting.size + this.#running.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  /** Starts nothing any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #startWhatMay(): void {
    if (!this.#isClosed) this.#startInOrder();
    if (this.#waiting.size + this.#running.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  #startInOrder(): void {
    const held = new Set<Lane>();
    // One moment for all of it: who is held until a time that passes meanwhile would not be looked at again.
    const now = this.#options.now();
    for (const entry of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) break;
      // Anyone who came later must not overtake within a lane.
      this.#otherModel(entry, now);
      if (held.has(entry.lane)) continue;
      if (this.#whyNot(entry.lane, now) !== undefined) held.add(entry.lane);
      else if (this.#options.waitsFor?.(entry.live) === undefined) this.#start(entry);
    }
    this.#wakeFor(held, now);
  }

  /** One whose model is rate-limited takes another of its name that is not. */
  #otherModel(entry: Entry, now: number): void {
    const {live, lane} = entry;
    if (lane.limitedUntil <= now) return;
    const others = otherModels(live.record, live.environment);
    const model = others.find((other) => this.#laneOf(other).limitedUntil <= now);
    if (model === undefined) return;
    live.takes(model, `${lane.name} was rate-limited until ${new Date(lane.limitedUntil).toISOString()}.`);
    entry.lane = this.#laneOf(model);
  }

  #start(entry: Entry): void {
    this.#waiting.take(entry);
    this.#running.add(entry);
    entry.lane.started();
    void entry.run().finally(() => {
      this.#running.delete(entry);
      entry.lane.ended(this.#options.now());
      this.#startWhatMay();
    });
  }

  #whyNot(lane: Lane, now = this.#options.now()): WaitReason | undefined {
    const {concurrency} = this.#options;
    if (lane.limitedUntil > now) return {is: 'rate-limited', lane: lane.name, until: lane.limitedUntil};
    if (this.#running.size >= concurrency) return this.#allTaken;
    return lane.isFull() ? {is: 'lane full', lane: lane.name, limit: lane.allowed} : undefined;
  }

  get #allTaken(): WaitReason {
    return {is: 'all slots taken', limit: this.#options.concurrency};
  }

  /** Looks again when the first of these lanes may ask its provider again. */
  #wakeFor(lanes: ReadonlySet<Lane>, now: number): void {
    clearTimeout(this.#timer);
    const times = [...lanes].map(({limitedUntil}) => limitedUntil - now).filter((ms) => ms > 0);
    if (times.length === 0) return;
    this.#timer = setTimeout(() => this.#startWhatMay(), Math.min(...times, LONGEST_TIMER_MS));
  }

  /** The lane of the model where it has a limit of its own, else that of its provider. */
  #laneOf(model: string): Lane {
    const {limits, concurrency} = this.#options;
    const provider = model.split('/', 1)[0] ?? model;
    const name = limits.has(model) ? model : provider;
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane = new Lane({name, limit: Math.min(limits.get(name) ?? concurrency, concurrency)});
    this.#lanes.set(name, lane);
    return lane;
  }
}
