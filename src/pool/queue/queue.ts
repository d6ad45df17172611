/** A piece of work in the pool. All that an outsider could learn from it is sealed before it comes here. */
export interface PoolJob {
  /** The delegation's id and a digest of its project: unique in the pool, and never used again. */
  readonly id: string;
  /** The fingerprint of the owner's public key. */
  readonly owner: string;
  /** Stands for the repository. Tells nothing to those who do not have the group's key. */
  readonly route: string;
  /** It is not begun after this, in milliseconds since the epoch by the database's clock. */
  readonly notAfter: number;
  /** Sealed, and signed by the owner. */
  readonly body: Uint8Array;
}

/** How a job stands. `returned` and `lost` are ends: nothing follows them but that it is forgotten. */
export type JobStanding =
  /** The pool has never had it, or it was withdrawn or forgotten; then with the note that was left, if one was. */
  | {readonly is: 'unknown'; readonly note?: Uint8Array}
  | {readonly is: 'waiting'}
  | {readonly is: 'leased'; readonly worker: string; readonly since: number}
  | {readonly is: 'returned'; readonly at: number; readonly result: Uint8Array}
  /** Its lease was not renewed in time, or no worker began it in time: then `worker` is `undefined`. */
  | {readonly is: 'lost'; readonly worker: string | undefined; readonly why: string};

/** A job of an owner's that is not forgotten. */
export interface PoolEntry {
  readonly id: string;
  readonly route: string;
  /** As far as a look at all of them tells; {@link PoolQueue.standing} says it of one. */
  readonly stands: 'waiting' | 'leased' | 'ended';
}

/** Something that a machine asks one worker, outside of any job. */
export interface PoolQuestion {
  /** Never used again. */
  readonly id: string;
  /** The name of the worker. */
  readonly worker: string;
  /** Sealed, and signed by the one who asks. */
  readonly body: Uint8Array;
}

/** Whom a letter is for: the worker that has the lease, or the owner of the job. */
export type Reader = 'worker' | 'owner';

/** What owner and worker tell each other about one job. */
export interface Letter {
  /** From 1, without gaps, for each reader of each job. */
  readonly number: number;
  readonly body: Uint8Array;
}

/** What goes on until it is closed. */
export interface Listening {
  /** Idempotent. Nothing is told after it resolves. */
  close(): Promise<void>;
}

/** A worker whose clock is further from the database's, in milliseconds, cannot keep its leases. */
export const MAX_SKEW_MS = 15_000;

/** What a worker says about itself. */
export interface WorkerSelf {
  /** Unique in the pool. */
  readonly name: string;
  readonly host: string;
  readonly version: string;
  readonly opencode: string;
}

/** A worker as others see it. */
export interface WorkerCard extends WorkerSelf {
  readonly concurrency: number;
  /** How many leases it has. */
  readonly busy: number;
  /** Since when it serves, in milliseconds since the epoch. */
  readonly since: number;
  /** The repositories and the owners whose jobs it takes; absent for one of an earlier version. */
  readonly routes?: readonly string[] | 'all';
  readonly owners?: readonly string[] | 'all';
}

/** A job that is this worker's alone for as long as the lease is renewed, which the queue does. */
export interface Lease {
  readonly job: PoolJob;
  /**
   * Aborts when the lease cannot be kept: it was lost, or the database has not been heard of for so long that others
   * may think so. The work should stop.
   */
  readonly signal: AbortSignal;
  /**
   * Ends the job. When it resolves, the result is durable. The same result again changes nothing.
   * @throws LeaseLost when the job is no longer this worker's. The caller then posts what it has as a letter.
   * @throws PoolUnreachable when the database cannot be asked; the caller tries again.
   */
  giveResult(body: Uint8Array): Promise<void>;
  /**
   * Nothing was begun: another worker may have the job.
   * @throws LeaseLost as {@link giveResult}.
   */
  handBack(): Promise<void>;
}

export interface ServingOptions {
  /** The repositories whose jobs it takes. */
  readonly routes: readonly string[] | 'all';
  /** The owners whose jobs it takes. */
  readonly owners: readonly string[] | 'all';
  readonly concurrency: number;
  /**
   * Has a job done. Called at most `concurrency` times at once. A job whose promise settles without a result and
   * without being handed back is lost.
   */
  lease(lease: Lease): Promise<void>;
  /** Answers what it is asked, also where it has as many leases as it may. Empty for what cannot be understood. */
  answer?(question: PoolQuestion): Promise<Uint8Array>;
}

/** A worker that takes jobs. */
export interface Serving {
  /** How many leases it has. */
  readonly leased: number;
  /** Takes no more, and resolves when it has no lease and is no longer shown as a worker. Idempotent. */
  drain(): Promise<void>;
}

/**
 * A queue that machines share. The record of a delegation is the truth; what is here is a lease and what travels.
 * Where nothing else is said, each method throws {@link PoolUnreachable} when the database cannot be asked and
 * {@link PoolFull} when it has no room; it may be called again then.
 */
export interface PoolQueue {
  /**
   * Takes a job on. It is durable when this resolves. The same id again changes nothing.
   * @throws JobOver when it was withdrawn or forgotten, or its `notAfter` has passed.
   */
  submit(job: PoolJob): Promise<void>;
  standing(id: string): Promise<JobStanding>;
  /** A job as it was submitted; `undefined` where the queue does not have it. */
  job(id: string): Promise<PoolJob | undefined>;
  /** All of an owner's that are not forgotten, the oldest first. */
  jobs(owner: string): Promise<readonly PoolEntry[]>;
  /**
   * Takes a job back.
   * @returns true: no worker had it, and none will, even if it is on its way to the queue. False: one has or had it.
   */
  withdraw(id: string): Promise<boolean>;
  /**
   * Leaves a letter. Letters are kept in order until the job is forgotten, also those to a job that is lost.
   * @throws JobOver when the queue does not have the job.
   */
  post(id: string, to: Reader, body: Uint8Array): Promise<void>;
  /**
   * Gives the letters after a number: those that are there, then those that come. It survives a database that goes
   * away and comes back; each letter is given once.
   */
  receive(id: string, at: Reader, after: number, take: (letter: Letter) => void): Promise<Listening>;
  /**
   * Tells how a job stands, at once and at each change. Of changes that follow each other quickly, only the last is
   * told. It survives a database that goes away and comes back.
   */
  changed(id: string, notice: (standing: JobStanding) => void): Promise<Listening>;
  /**
   * Stores a file for a job, which may be submitted afterwards. It takes the place of an earlier one of that name
   * when it is whole, and not before.
   * @throws JobOver when the job was withdrawn or forgotten.
   */
  putFile(id: string, name: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** @throws FileMissing when it is not there or not whole. */
  getFile(id: string, name: string): AsyncIterable<Uint8Array>;
  /**
   * Removes all of a job but a note that it was there, which keeps anybody from submitting it again until its
   * `notAfter` has passed. A lease that a worker still has is lost. Idempotent.
   * @param note sealed; stays for as long as that, for the owner's machine that looks for the job.
   */
  forget(id: string, note?: Uint8Array): Promise<void>;
  /** Takes jobs, until it is drained or the queue is closed. It survives a database that goes away and comes back. */
  serve(worker: WorkerSelf, options: ServingOptions): Promise<Serving>;
  /** The workers that the database has heard of in the last half minute. */
  workers(): Promise<readonly WorkerCard[]>;
  /** Asks a worker something. Resolves with its answer, or with `undefined` where none has come within the time. */
  ask(question: PoolQuestion, withinMs: number): Promise<Uint8Array | undefined>;
  /** The database's clock, in milliseconds since the epoch. */
  now(): Promise<number>;
  /** Lets go of the database. Leases that are still there are lost when their time is over. Idempotent. */
  close(): Promise<void>;
}
