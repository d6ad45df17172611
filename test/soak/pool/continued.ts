import type {Delegation} from '../../../src/delegation/model/delegation.ts';
import type {PoolWorld} from './world.ts';

/** The commit that one begins at which goes on with this. */
export function leftAt({worktree}: Delegation): string | undefined {
  if (worktree?.outcome?.is === 'kept') return worktree.outcome.commit;
  return worktree?.since ?? worktree?.base;
}

/** Counts what was gone on with, and whether another worker did. */
export function countContinued({clients, counts}: PoolWorld): void {
  for (const {records} of clients) {
    for (const {continues, state, where} of records.ended) {
      const source = records.of(continues?.id ?? '');
      if (source === undefined) continue;
      counts.add(`continued from ${source.state.status}: ${state.status}`, 1);
      const [before, now] = [source.where?.worker, where?.worker];
      if (now !== undefined) counts.add(`continued on ${now === before ? 'the same' : 'another'} worker`, 1);
    }
  }
}
