import {INVARIANTS, type Invariant} from '../findings.ts';
import {outcomes, reasons, section} from '../report.ts';
import {POOL_FAULTS, type PoolFault} from './faults.ts';
import type {PoolWorld} from './world.ts';

/** What a run has come to. */
export interface PoolSoakResult {
  readonly struck: readonly PoolFault[];
  readonly world: PoolWorld;
}

/** What stands at the end: faults by kind, ends by outcome, what broke. */
export function renderPoolReport({struck, world}: PoolSoakResult): string {
  const {work, findings, counts, clients} = world;
  const faults = Object.keys(POOL_FAULTS) as PoolFault[];
  const records = clients.flatMap((client) => client.records.all);
  return [
    section('faults', [
      ...faults.map((fault) => [fault, struck.filter((one) => one === fault).length] as const),
      ['all', struck.length],
    ]),
    section('delegations', [
      ['prompts', work.pieces.length],
      ['acknowledged', work.pieces.filter(({id}) => id !== undefined).length],
      ['asked of the model', work.pieces.filter(({firstTurns}) => firstTurns > 0).length],
      ...outcomes(records),
    ]),
    section('why not completed', reasons(clients.flatMap((client) => client.records.ended))),
    section('counted', counts.numbers),
    section('refused', counts.refusals),
    section(
      'broken',
      (Object.keys(INVARIANTS) as Invariant[]).map((invariant) => [
        `${invariant} (${INVARIANTS[invariant]})`,
        findings.count(invariant),
      ]),
    ),
  ].join('\n');
}

/** One line while it runs. */
export function renderPoolProgress({findings, clients, work}: PoolWorld): string {
  const ended = clients.flatMap(({records}) => records.ended);
  const completed = ended.filter(({state}) => state.status === 'completed').length;
  return [
    `${findings.round} faults: ${work.pieces.length} prompts`,
    `${completed} completed`,
    `${ended.length - completed} ended otherwise`,
    `${clients.flatMap(({records}) => records.open).length} open`,
    `${findings.all.length} broken`,
  ].join(', ');
}
