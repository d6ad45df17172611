import {oneLine} from '../../base/safe-text.ts';
import type {ShownDelegation} from '../../control/shown.ts';
import {facts} from '../../report/format.ts';
import {age} from './age.ts';
import {stateOf} from './groups.ts';
import type {Cell} from './table.ts';

/** A delegation as a row of a list. @param now milliseconds since the epoch. */
export function rowOf(
  shown: ShownDelegation,
  {now, hasProject}: {now: number; hasProject: boolean},
): readonly Cell[] {
  const at = Date.parse(shown.ended_at ?? shown.started_at ?? shown.created_at);
  return [
    {text: shown.id, look: 'strong'},
    stateOf(shown),
    {text: age(at, now), look: 'faint'},
    {text: costOf(shown), look: 'faint'},
    {text: oneLine(shown.agent)},
    {text: oneLine(shown.model), look: 'faint'},
    ...(hasProject ? [{text: shown.project, look: 'faint'} as const] : []),
    {text: lineOf(shown)},
  ];
}

/** What says most about it in one line: what it asks for, what it does, or its title. */
export function lineOf({requests, title, activity, ended_at, near_limit: near}: ShownDelegation): string {
  const [request] = requests;
  if (request !== undefined) return oneLine(`${title} · asks: ${request.what}`);
  const last = ended_at === undefined ? activity?.last : undefined;
  return oneLine(facts(title, near, last));
}

/** What it has cost so far; empty where the provider's price is not known, or nothing was used. */
export function costOf({usage}: ShownDelegation): string {
  return usage.cost_usd === 0 ? '' : `$${usage.cost_usd.toFixed(2)}`;
}
