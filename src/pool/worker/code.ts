import type {Worktree} from '../../delegation/model/worktree.ts';
import type {Travel} from '../travel/travel.ts';

/** A checkout of what has come, made for one delegation. */
export interface Arrival {
  /** Its root. */
  readonly checkout: string;
  /** Where in it the agent works. */
  readonly directory: string;
}

/** Where work goes, and from where. */
export interface ReturnOptions {
  /** What the client has. */
  readonly since: string;
  /** What the branch is called there. */
  readonly branch: string;
  readonly signal?: AbortSignal;
}

/** Work that is packed to go back. */
export interface Packed {
  readonly commit: string;
  readonly bytes: number;
  readonly sha256: string;
  /** What is not in it: whole sentences. */
  readonly notes: readonly string[];
  /** To be called as often as it has to be sent. */
  content(): AsyncIterable<Uint8Array>;
  /** Removes what it was kept in. */
  drop(): Promise<void>;
}

/** How code comes to a worker, and goes back. */
export interface WorkerCode {
  /** @throws Refusal where it cannot be had, with the reason. */
  arrive(
    job: string,
    travel: Travel,
    options: {readonly luggage: () => AsyncIterable<Uint8Array>; readonly signal: AbortSignal},
  ): Promise<Arrival>;
  /** The jobs that there is a checkout for, also of an earlier process. */
  arrived(): Promise<readonly string[]>;
  /** Removes the checkout of a job, with the worktrees that were made of it. Idempotent. */
  remove(job: string): Promise<void>;
  /** @throws Refusal when it is too large to be sent. */
  pack(worktree: Worktree, commit: string, options: ReturnOptions): Promise<Packed>;
  /** The files of a worktree as they are; `undefined` where nothing was done yet. */
  checkpoint(worktree: Worktree, options: ReturnOptions): Promise<Packed | undefined>;
}
