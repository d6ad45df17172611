/** What a delegation may use before it is ended. What is absent has no limit. */
export interface Ceilings {
  /** In US dollars. */
  readonly costUsd?: number | undefined;
  readonly tokens?: number | undefined;
}

/** Which limit: the cost or the tokens of one delegation, or what all of a day have cost. */
export const LIMITS = ['cost', 'tokens', 'day'] as const;
export type Limit = (typeof LIMITS)[number];

/** From this part of a limit on, it is said how near it is. */
const NEAR = 0.8;

interface Counted {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cost: number;
}

/** What all delegations of a user have cost in a day, and what they may cost. */
export interface DayLimit {
  readonly spentUsd: number;
  readonly limitUsd: number;
}

/** How near something is to a limit, or how far above it. */
export interface NearLimit {
  readonly limit: Limit;
  readonly used: number;
  readonly most: number;
}

/** The tokens that count: all but those that were read from a cache, which come again with every step. */
export function tokensOf({input, output, reasoning, cacheWrite}: Counted): number {
  return input + output + reasoning + cacheWrite;
}

/** How usage stands to the limit that it is nearest to; `undefined` below {@link NEAR} of each. */
export function nearestLimit(
  usage: Counted,
  {costUsd, tokens}: Ceilings,
  day?: DayLimit,
): NearLimit | undefined {
  const all: readonly NearLimit[] = [
    ...(costUsd === undefined ? [] : [{limit: 'cost' as const, used: usage.cost, most: costUsd}]),
    ...(tokens === undefined ? [] : [{limit: 'tokens' as const, used: tokensOf(usage), most: tokens}]),
    ...(day === undefined ? [] : [{limit: 'day' as const, used: day.spentUsd, most: day.limitUsd}]),
  ];
  const [nearest] = [...all].sort((a, b) => partOf(b) - partOf(a));
  return nearest !== undefined && partOf(nearest) >= NEAR ? nearest : undefined;
}

/** True where nothing more may be used. */
export function isReached(near: NearLimit): boolean {
  return partOf(near) >= 1;
}

/** The lower of each. */
export function lower(one: Ceilings, other: Ceilings): Ceilings {
  const [costUsd, tokens] = [least(one.costUsd, other.costUsd), least(one.tokens, other.tokens)];
  return {...(costUsd !== undefined && {costUsd}), ...(tokens !== undefined && {tokens})};
}

/** A few words on how near it is: `82 % of its $0.50`. */
export function nearWords(near: NearLimit): string {
  const {limit, most} = near;
  const part = `${Math.floor(partOf(near) * 100)} %`;
  if (limit === 'day') return `${part} of today's ${usd(most)}`;
  return `${part} of its ${limit === 'cost' ? usd(most) : `${whole(most)} tokens`}`;
}

/** An amount of money with as many digits as say something: `$12.50`, `$0.0042`. */
export function usd(amount: number): string {
  if (amount === 0 || amount >= 0.995) return `$${amount.toFixed(2)}`;
  return `$${amount < 0.0001 ? amount.toPrecision(2) : amount.toFixed(4).replace(/0{1,2}$/, '')}`;
}

/** A number of tokens, with its thousands apart. */
export function whole(n: number): string {
  return n.toLocaleString('en-US');
}

/** The day of a moment by the clocks of this machine: from midnight to midnight. */
export function dayOf(at: number): {readonly from: number; readonly until: number} {
  const midnight = (days: number) => {
    const date = new Date(at);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
  };
  return {from: midnight(0), until: midnight(1)};
}

function partOf({used, most}: NearLimit): number {
  // Sums of fractions are a little less than they should be: 0.1 + 0.7 is not quite 0.8.
  return (used + 1e-12) / most;
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
