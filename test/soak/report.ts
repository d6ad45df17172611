import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {FAULTS, type Fault} from './faults.ts';
import {INVARIANTS, type Invariant} from './findings.ts';
import {plain} from './plain.ts';
import type {World} from './world.ts';

/** What a run has come to. */
export interface SoakResult {
  readonly struck: readonly Fault[];
  readonly world: World;
}

/** What stands at the end: kills by kind, ends by outcome, what broke. */
export function renderReport({struck, world}: SoakResult): string {
  const {records, work, findings, counts} = world;
  const faults = Object.keys(FAULTS) as Fault[];
  const invariants = Object.keys(INVARIANTS) as Invariant[];
  const acknowledged = work.pieces.filter(({id}) => id !== undefined).length;
  return [
    section('kills', [
      ...faults.map((fault) => [fault, struck.filter((one) => one === fault).length] as const),
      ['all', findings.round],
    ]),
    section('delegations', [
      ['prompts', work.pieces.length],
      ['acknowledged', acknowledged],
      ['asked of the model', work.pieces.filter(({firstTurns}) => firstTurns > 0).length],
      ...outcomes(records.all),
    ]),
    section('why not completed', reasons(records.ended)),
    section('counted', counts.numbers),
    section('refused', counts.refusals),
    section(
      'broken',
      invariants.map((invariant) => [`${invariant} (${INVARIANTS[invariant]})`, findings.count(invariant)]),
    ),
  ].join('\n');
}

/** One line while it runs. */
export function renderProgress({findings, records, work}: World): string {
  const {ended, open} = records;
  const completed = ended.filter(({state}) => state.status === 'completed').length;
  return [
    `${findings.round} kills: ${work.pieces.length} prompts`,
    `${completed} completed`,
    `${ended.length - completed} ended otherwise`,
    `${open.length} open`,
    `${findings.all.length} broken`,
  ].join(', ');
}

export function outcomes(records: readonly Delegation[]): readonly (readonly [string, number])[] {
  return tally(records.map(({state}) => state.status));
}

export function reasons(ended: readonly Delegation[]): readonly (readonly [string, number])[] {
  return tally(
    ended.flatMap(({state}) =>
      'error' in state && state.error !== undefined ? [`${state.status}: ${plain(state.error)}`] : [],
    ),
  );
}

function tally(words: readonly string[]): readonly (readonly [string, number])[] {
  const counted = new Map<string, number>();
  for (const word of words) counted.set(word, (counted.get(word) ?? 0) + 1);
  return [...counted].sort();
}

/** A title, and what was counted under it. */
export function section(title: string, rows: readonly (readonly [string, number])[]): string {
  if (rows.length === 0) return '';
  return [title, ...rows.map(([what, number]) => `${String(number).padStart(7)}  ${what}`), ''].join('\n');
}
