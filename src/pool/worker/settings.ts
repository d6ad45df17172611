import type {Allowed} from './admission.ts';

/** How a worker works, as a person has started it. */
export interface WorkerSettings {
  readonly allowed: Allowed;
  readonly concurrency: number;
  /** Unique in the pool. Default: of the machine and the process. */
  readonly name?: string;
  /** Ends when it has done one job. */
  readonly once: boolean;
  /** For so long what runs may go on when it is told to end, in milliseconds. */
  readonly drainMs: number;
  /** How often what is there is put where it is safe, in milliseconds. */
  readonly checkpointMs: number;
}
