import type {AlsoChanged, Outcome} from './delegation.ts';
import type {Product} from './ports.ts';
import type {Worktree} from './worktree.ts';

/** Why a delegation is stopped from outside. */
export type StopCause = 'cancelled' | 'interrupted' | 'timeout';

/** How a delegation ends, and with what. */
export interface End {
  readonly outcome: Outcome;
  readonly product: Product;
  readonly error?: string;
  /** What became of the worktree that it ran in. */
  readonly worktree?: Worktree;
  readonly alsoChanged?: readonly AlsoChanged[];
}
