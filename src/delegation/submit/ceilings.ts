import {Refusal} from '../../base/errors.ts';
import {costLimit, tokenLimit} from '../../settings/ceilings.ts';
import {type Ceilings, lower, usd, whole} from '../model/ceiling.ts';
import type {Environment} from '../model/ports.ts';
import type {DelegateInput} from './input.ts';

/** What a delegation may use, and what anyone who delegates should know of that. */
export interface Ceiling {
  readonly ceilings: Ceilings;
  /** In whole sentences. */
  readonly notes: readonly string[];
}

/** @throws Refusal for a limit that cannot be one. */
export function checkCeilings({
  maxCostUsd,
  maxTokens,
}: Pick<DelegateInput, 'maxCostUsd' | 'maxTokens'>): Ceilings {
  const cost = costLimit.optional().safeParse(maxCostUsd);
  if (!cost.success) throw refusal('max_cost_usd', maxCostUsd, cost.error.issues[0]?.message);
  const tokens = tokenLimit.optional().safeParse(maxTokens);
  if (!tokens.success) throw refusal('max_tokens', maxTokens, tokens.error.issues[0]?.message);
  return lower({costUsd: cost.data, tokens: tokens.data && Math.round(tokens.data)}, {});
}

/**
 * What was asked for, as far as the settings of the client let it.
 *
 * @param model the one that runs, and whether OpenCode knows what it costs.
 */
export function ceilingOf(
  asked: Ceilings,
  {ceilings: set}: Pick<Environment, 'ceilings'>,
  model: {readonly name: string; readonly isPriced: boolean},
): Ceiling {
  const ceilings = lower(asked, set);
  const isMoneyLimited = ceilings.costUsd !== undefined || set.dailyCostUsd !== undefined;
  return {
    ceilings,
    notes: [
      ...tooMuch('OPENCODE_DELEGATE_MAX_COST_USD', {asked: asked.costUsd, set: set.costUsd, say: usd}),
      ...tooMuch('OPENCODE_DELEGATE_MAX_TOKENS', {asked: asked.tokens, set: set.tokens, say: tokenWords}),
      ...(isMoneyLimited && !model.isPriced
        ? [
            `OpenCode knows no price for ${model.name}, so what this costs is not known and no limit in dollars holds it; max_tokens does.`,
          ]
        : []),
    ],
  };
}

function tooMuch(
  variable: string,
  {asked, set, say}: {asked: number | undefined; set: number | undefined; say: (amount: number) => string},
): readonly string[] {
  if (asked === undefined || set === undefined || asked <= set) return [];
  return [`Its limit is ${say(set)}, as ${variable} says, and not ${say(asked)}.`];
}

function tokenWords(tokens: number): string {
  return `${whole(tokens)} tokens`;
}

function refusal(name: string, given: unknown, problem = 'cannot be used'): Refusal {
  return new Refusal(`${name} ${problem}, and is ${String(given)}. Nothing was started.`);
}
