import {type DelegationHead, hasEnded, NO_USAGE, type Usage} from '../../delegation/model/delegation.ts';

/** What delegations have taken together. */
export interface Used {
  readonly delegations: number;
  readonly completed: number;
  /** How many were ended at a limit of cost or tokens. */
  readonly atLimit: number;
  /** How long they ran, in milliseconds, each by itself. */
  readonly ms: number;
  readonly usage: Usage;
}

const NOTHING: Used = {delegations: 0, completed: 0, atLimit: 0, ms: 0, usage: NO_USAGE};

/** What sorts delegations. */
export const USED_BY = {
  day: ({createdAt}: DelegationHead) => new Date(createdAt).toLocaleDateString('sv-SE'),
  model: ({model}: DelegationHead) => model,
  agent: ({agent}: DelegationHead) => agent,
} as const;

export type UsedBy = keyof typeof USED_BY;

/** In all. What has not ended yet counts, and has used nothing that is known. */
export function usedIn(heads: readonly DelegationHead[]): Used {
  return heads.reduce(add, NOTHING);
}

/** For each day, oldest first; or for each model or agent, the dearest first. */
export function usedBy(by: UsedBy, heads: readonly DelegationHead[]): readonly (readonly [string, Used])[] {
  const groups = new Map<string, Used>();
  for (const head of heads) {
    const key = USED_BY[by](head);
    groups.set(key, add(groups.get(key) ?? NOTHING, head));
  }
  const all = [...groups];
  if (by === 'day') return all.sort(([a], [b]) => a.localeCompare(b));
  return all.sort(([, a], [, b]) => b.usage.cost - a.usage.cost || b.ms - a.ms);
}

function add({delegations, completed, atLimit, ms, usage}: Used, {state}: DelegationHead): Used {
  const ended = hasEnded(state) ? state : undefined;
  const took = ended?.startedAt === undefined ? 0 : ended.endedAt - ended.startedAt;
  const more = ended?.work.usage ?? NO_USAGE;
  return {
    delegations: delegations + 1,
    completed: completed + (state.status === 'completed' ? 1 : 0),
    atLimit: atLimit + (ended?.atLimit === undefined ? 0 : 1),
    ms: ms + took,
    usage: {
      input: usage.input + more.input,
      output: usage.output + more.output,
      reasoning: usage.reasoning + more.reasoning,
      cacheRead: usage.cacheRead + more.cacheRead,
      cacheWrite: usage.cacheWrite + more.cacheWrite,
      cost: usage.cost + more.cost,
    },
  };
}
