import type {Letter, PoolEntry, PoolJob, Reader, WorkerCard} from '../queue/queue.ts';

/** How long the note stays that a job was withdrawn before it came, in milliseconds. */
export const EARLY_MS = 7 * 24 * 3_600_000;
/** A file that nobody has finished, or submitted a job for, after so many milliseconds is left over. */
export const LEFT_OVER_MS = 24 * 3_600_000;

/** A line in which jobs of one repository and one owner wait: a queue of BullMQ. */
export interface PoolLane {
  readonly name: string;
  readonly route: string;
  readonly owner: string;
}

/** What is known of a job beside BullMQ's line. */
export interface DeskJob {
  readonly job: PoolJob;
  /** The lease that counts, which begins with its worker's name; absent where nobody has begun it. */
  readonly claim: string | undefined;
  readonly claimedAt: number | undefined;
  readonly isOver: boolean;
  /** Of one that is over: the note that was left. */
  readonly result: Uint8Array | undefined;
  /** The database's clock. */
  readonly now: number;
}

/** Numbers that grow when something happens to a job. */
export interface Counts {
  readonly changes: number;
  /** How many letters there are for each. */
  readonly owner: number;
  readonly worker: number;
}

/** What became of an attempt to claim a job. */
export type Claimed = 'claimed' | 'taken' | 'over' | 'late';

/** A file on its way. */
export interface Upload {
  add(chunk: Uint8Array): Promise<void>;
  /**
   * The file is whole, and takes the place of an earlier one.
   * @throws JobOver when the job is over.
   */
  finish(): Promise<void>;
  /** Leaves nothing of it. */
  drop(): Promise<void>;
}

/**
 * What BullMQ has nothing for, in the same database: which job is in which line, who decides about it first, letters,
 * files, tombstones and workers. Errors are the database driver's own.
 */
export interface Desk {
  /**
   * Whether leases go by the clocks of the machines and not by the database's. Then no machine serves whose clock is
   * wrong.
   */
  readonly goesByOurClock: boolean;
  /** Notes a job down. @throws JobOver when it is over or too late. */
  enter(job: PoolJob): Promise<void>;
  find(id: string): Promise<DeskJob | undefined>;
  /** Exactly one of all who claim or withdraw a job gets it, until it is unclaimed. */
  claim(id: string, claim: string): Promise<Claimed>;
  unclaim(id: string, claim: string): Promise<void>;
  /** @returns whether it is over now; false where it is claimed. */
  withdraw(id: string): Promise<boolean>;
  /** Keeps the result of a claim, which counts once BullMQ has taken the job for completed. */
  keepResult(id: string, claim: string, body: Uint8Array): Promise<void>;
  /** Tells those who watch that something has changed. `isDone`: it is no longer leased. */
  touch(id: string, isDone: boolean): Promise<void>;
  /** Removes all of it but a tombstone, with a note on it if there is one. */
  forget(id: string, note?: Uint8Array): Promise<void>;
  /** The jobs of an owner that are not over, the oldest first. */
  ofOwner(owner: string): Promise<readonly PoolEntry[]>;
  /** The lines in which something waits, or is leased. */
  lanes(which: 'waiting' | 'leased'): Promise<readonly PoolLane[]>;
  /** @throws JobOver when there is no such job. */
  post(id: string, to: Reader, body: Uint8Array): Promise<void>;
  letters(id: string, at: Reader, after: number): Promise<readonly Letter[]>;
  peek(ids: readonly string[]): Promise<ReadonlyMap<string, Counts>>;
  /** @throws JobOver when the job is over. */
  upload(id: string, name: string): Promise<Upload>;
  /** The chunks of a whole file, or `undefined` where there is none. */
  download(id: string, name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  saveCard(card: WorkerCard): Promise<void>;
  dropCard(name: string): Promise<void>;
  cards(withinMs: number): Promise<readonly WorkerCard[]>;
  now(): Promise<number>;
  /** Something waits. */
  announce(lane: string): Promise<void>;
  /** Wakes all that listen, though no job has come. */
  ring(): Promise<void>;
  /** Calls when something waits. May miss one while the database is away. */
  listen(arrived: () => void): Promise<void>;
  /** Removes what nobody has fetched in time, and tombstones that are no longer needed. */
  tidy(keepMs: number): Promise<readonly {readonly id: string; readonly lane: string}[]>;
}

/** The line of a job. */
export function laneOf({route, owner}: Pick<PoolJob, 'route' | 'owner'>): string {
  return `${plain(route)}.${plain(owner)}`;
}

/** BullMQ allows no colon in a name. */
function plain(part: string): string {
  return encodeURIComponent(part).replaceAll('.', '%2E');
}

/** The way back from {@link laneOf}. */
export function laneFrom(name: string): PoolLane {
  const [route = '', owner = ''] = name.split('.').map(decodeURIComponent);
  return {name, route, owner};
}
