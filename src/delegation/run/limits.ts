import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {LiveDelegation} from '../live/live.ts';
import {isReached, type NearLimit, nearestLimit, usd} from '../model/ceiling.ts';
import {hasEnded, type Usage} from '../model/delegation.ts';
import {knownUsage} from '../model/near.ts';
import type {Environment} from '../model/ports.ts';
import {Spending, type SpendingOptions, type SpentToday} from './spending.ts';

export interface LimitsOptions extends SpendingOptions {
  readonly log: Logger;
}

/** Ends delegations that have used as much as they may, and lets none begin when the day has cost as much as it may. */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #spending: Spending;
  /** What each had used when the day was looked at because of it. */
  readonly #seen = new WeakMap<LiveDelegation, Usage>();
  #day: SpentToday | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;

  constructor(options: LimitsOptions) {
    this.#options = options;
    this.#spending = new Spending(options);
  }

  /** Why nothing may begin in this environment at the moment, in sentences. */
  async whyNot({ceilings: {dailyCostUsd}}: Pick<Environment, 'ceilings'>): Promise<string | undefined> {
    if (dailyCostUsd === undefined) return undefined;
    this.#day = await this.#spending.today();
    return this.#day.usd < dailyCostUsd ? undefined : dayIsOver(this.#day, dailyCostUsd);
  }

  /** The limit that a delegation of this process is near, or at. */
  near(live: LiveDelegation): NearLimit | undefined {
    const {record, environment} = live;
    const {dailyCostUsd} = environment.ceilings;
    const {usd: spentUsd, until} = this.#day ?? {usd: 0, until: 0};
    const isKnown = dailyCostUsd !== undefined && until > this.#options.now();
    const day = isKnown ? {spentUsd, limitUsd: dailyCostUsd} : undefined;
    return hasEnded(record.state) ? undefined : nearestLimit(knownUsage(record), record.ceilings ?? {}, day);
  }

  /** It has done something: it is ended where that has brought it to a limit. */
  worked(live: LiveDelegation): void {
    this.#endAtLimit(live);
    const used = live.activity.usage;
    if (live.environment.ceilings.dailyCostUsd === undefined || used === this.#seen.get(live)) return;
    if (used !== undefined) this.#seen.set(live, used);
    this.#look();
  }

  /** One look at a time; what comes during one has another follow. */
  #look(): void {
    this.#lookAgain = true;
    this.#looking ??= this.#lookOn().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Never rejects. */
  async #lookOn(): Promise<void> {
    while (this.#lookAgain) {
      this.#lookAgain = false;
      try {
        this.#day = await this.#spending.today();
      } catch (error) {
        this.#options.log.warn(`what this day has cost could not be found out: ${messageOf(error)}`);
      }
      for (const live of this.#options.own()) this.#endAtLimit(live);
    }
  }

  /** One whose last step has ended its turn comes to its end by itself, and has been paid for. */
  #endAtLimit(live: LiveDelegation): void {
    if (live.activity.isClosing !== true) this.stopsAtLimit(live);
  }

  /** Stops a running one that has used as much as it may. Returns whether it has. */
  stopsAtLimit(live: LiveDelegation): boolean {
    const near = this.near(live);
    if (near === undefined || !isReached(near) || live.record.state.status !== 'running') return false;
    live.reaches(near);
    return true;
  }
}

function dayIsOver({usd: spent, until}: SpentToday, limit: number): string {
  const midnight = `${new Date(until).toLocaleDateString('sv-SE')} 00:00`;
  return `Your delegations have cost ${usd(spent)} today, and OPENCODE_DELEGATE_DAILY_COST_USD is ${usd(limit)}: nothing is started until ${midnight}, by the clock of this machine. A person can raise it.`;
}
