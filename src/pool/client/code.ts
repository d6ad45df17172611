import type {HomeCheckout} from '../travel/homeward.ts';
import type {Travel} from '../travel/travel.ts';

/** What a bundle was when it was sent: what arrives has to be that. */
export interface Sent {
  readonly bytes: number;
  readonly sha256: string;
}

/** Code that is to go to a worker. */
export interface Departure {
  /** As it is written into the job. */
  readonly travel: Travel;
  /** The root of the checkout that it is of. */
  readonly checkout: string;
  readonly commonDir: string;
  /** Which way, which commit, and what stays behind: whole sentences. */
  readonly notes: readonly string[];
  /** The file that has to travel with the job; absent where a remote has all of it. */
  readonly luggage?: string;
}

export interface DepartureOptions {
  /** Also what is not committed, as a commit that no branch has. */
  readonly includeChanges?: boolean;
  /** Another commit than the one that is checked out. */
  readonly commit?: string;
}

/** A branch that has come from a worker. */
export interface Harvest extends Sent {
  /** The name that the branch is to have; another one is taken where there is one of that name already. */
  readonly branch: string;
  /** What the work started from. */
  readonly base: string;
}

/** What was brought home. */
export interface BroughtHome {
  readonly branch: string;
  readonly commit: string;
  readonly diffstat: string;
  /** Relative to the checkout's root. */
  readonly filesChanged: readonly string[];
  readonly notes: readonly string[];
}

/** How code leaves the client's repository, and comes back into it. */
export interface ClientCode {
  /** @throws Refusal where it cannot travel, with the reason. */
  depart(directory: string, options?: DepartureOptions): Promise<Departure>;
  /**
   * Packs all of what was planned to travel in part, for a worker that cannot fetch the rest.
   * @throws Refusal where that is too large, or not all here.
   */
  departWhole(
    directory: string,
    planned: Pick<Departure, 'travel' | 'luggage'>,
  ): Promise<{readonly travel: Travel; readonly luggage: string}>;
  /**
   * Makes a branch of what has come. The same once more changes nothing.
   * @throws when it is not what it says it is, or git cannot.
   */
  bringHome(checkout: string, harvest: Harvest, content: AsyncIterable<Uint8Array>): Promise<BroughtHome>;
  /**
   * Gets a checkout ready for what has come of work that another machine has sent.
   * @throws Refusal where it is of another repository, or lacks what the work started from.
   */
  readyHome(
    directory: string,
    travel: Travel,
    bundle: () => AsyncIterable<Uint8Array>,
  ): Promise<HomeCheckout>;
  /** Has what was not committed when it departed in the repository, where nothing comes home that has it. */
  keepStart(checkout: string, departed: Pick<Departure, 'travel' | 'luggage'>): Promise<void>;
  /** The commit that the repository has under that name or ref; `undefined` where it has none. */
  commitOf(checkout: string, name: string): Promise<string | undefined>;
}
