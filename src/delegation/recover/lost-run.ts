import type {Delegation, Owner} from '../model/delegation.ts';
import type {Environment, Environments} from '../model/ports.ts';
import type {NothingSent, NotKnown, RunEnd} from '../model/run.ts';

const NOWHERE: NotKnown = {
  outcome: 'not known',
  why: 'What became of it can be asked only where OpenCode has its sessions, and no client of this host works there.',
};

/** How a run ended whose process is gone, and the environment that told. */
export interface LostRunEnd {
  readonly outcome: 'known';
  readonly ran: RunEnd | NothingSent;
  readonly environment: Environment;
}

/** Asks in one environment after the other what became of a run whose process is gone, until one tells. */
export async function findOut(record: Delegation, {all}: Environments): Promise<LostRunEnd | NotKnown> {
  const noted = record.state.status === 'running' ? record.state.sessionId : undefined;
  let unknown = NOWHERE;
  for (const environment of near(record.owner, all)) {
    const ran = await environment.runner.postMortem({
      project: record.project,
      delegationId: record.id,
      directory: record.worktree?.directory ?? record.directory,
      sessionId: noted ?? record.repair?.sessionId ?? record.continues?.sessionId,
      isContinued: record.continues !== undefined || record.repair !== undefined,
      cause: `The process that ran it (${record.owner.pid}) is gone.`,
    });
    if (ran.outcome !== 'not known') return {outcome: 'known', ran, environment};
    unknown = ran;
  }
  return unknown;
}

/** Those whose OpenCode has its sessions where this one's is, its own first. */
function near(owner: Owner, all: readonly Environment[]): readonly Environment[] {
  const sharing = all.filter(({sessions}) => owner.sessions === undefined || sessions === owner.sessions);
  const own = sharing.filter(({key}) => key === owner.environment);
  return [...own, ...sharing.filter((one) => !own.includes(one))];
}
