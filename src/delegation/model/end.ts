import {abridged} from '../../base/abridged.ts';
import type {Limit} from './ceiling.ts';
import type {AlsoChanged, Outcome} from './delegation.ts';
import type {Product} from './run.ts';
import type {Worktree} from './worktree.ts';

/** Why a delegation is stopped from outside. */
export type StopCause = 'cancelled' | 'interrupted' | 'timeout' | 'limit';

/** A provider may send a whole web page for an error; it would fill every answer that says why. */
const MAX_WHY_CHARS = 2_000;

/** Why a delegation did not complete, or what has to be known of its answer, as it is kept and shown everywhere. */
export function keptWhy(why: string): string {
  return abridged(why, MAX_WHY_CHARS);
}

/** How a delegation ends, and with what. */
export interface End {
  readonly outcome: Outcome;
  readonly product: Product;
  readonly error?: string;
  /** The limit that it is ended at. */
  readonly atLimit?: Limit;
  /** What became of the worktree that it ran in. */
  readonly worktree?: Worktree;
  readonly alsoChanged?: readonly AlsoChanged[];
}
