import type {Delegations} from '../../delegation/delegations.ts';
import type {Environment} from '../../delegation/model/ports.ts';

/** What a worker delegates to: the service of its own. */
export interface OwnService {
  readonly delegations: Pick<
    Delegations,
    'delegate' | 'get' | 'view' | 'watch' | 'cancel' | 'reply' | 'tell' | 'conversation' | 'conversationOf'
  >;
  readonly environment: Environment;
}

/** Does the work of jobs, and keeps what comes of it until their owner has that. */
export interface OwnServices {
  /** The service for a job. No agent of another owner finds what is in it. */
  of(job: {readonly id: string; readonly owner: string}): OwnService;
  /** Removes what there is of a job: records and sessions. Also of one of an earlier process. Idempotent. */
  forget(job: string): Promise<void>;
}

/** A delegation of the worker's own service. */
export interface Own {
  readonly project: string;
  readonly id: string;
}
