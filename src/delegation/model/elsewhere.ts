import type {Ceilings} from './ceiling.ts';
import type {Worktree} from './worktree.ts';

/** Where a delegation can run: in this process, or on a machine of a pool. */
export const PLACES = ['here', 'pool'] as const;
export type Whereabouts = (typeof PLACES)[number];

/** What a delegation has for its agent until a worker has chosen one. */
export const UNCHOSEN = {agent: "worker's", model: "worker's"} as const;

/** Who has taken a delegation that runs elsewhere. */
interface Taker {
  readonly worker: string;
  readonly host: string;
  /** That of opencode-delegate there. */
  readonly version: string;
  readonly opencode: string;
}

/** Of a delegation that runs elsewhere: where that is, and who has taken it, if anyone has. */
export interface Elsewhere extends Partial<Taker> {
  readonly is: Exclude<Whereabouts, 'here'>;
}

/** A worker has begun, with this agent and this model. */
export interface TakenOn extends Taker {
  readonly agent: string;
  readonly model: string;
}

/** What somebody elsewhere has to know of a delegation, besides what any run does. */
export interface HandedOver {
  readonly project: string;
  readonly timeoutMs: number;
  readonly ceilings: Ceilings;
  /** As the record has it. */
  readonly expect?: string;
  readonly worktree: Worktree;
}
