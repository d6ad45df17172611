import type {Logger} from '../../base/log.ts';
import type {Store} from '../model/ports.ts';

export interface Clocks {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds by a clock that nobody sets and that goes on while the machine sleeps. */
  readonly uptime: () => number;
}

/** What a delegation needs to keep its record. */
export interface Storing extends Clocks {
  readonly store: Store;
  readonly log: Logger;
}
