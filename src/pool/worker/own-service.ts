import type {Delegations} from '../../delegation/delegations.ts';
import type {Environment} from '../../delegation/model/ports.ts';

/** What a worker delegates to: the service of its own. */
export interface OwnService {
  readonly delegations: Pick<
    Delegations,
    'delegate' | 'get' | 'view' | 'watch' | 'cancel' | 'reply' | 'tell' | 'conversation' | 'conversationOf'
  >;
  readonly environment: Environment;
  readonly projectOf: (directory: string) => Promise<string>;
}

/** A delegation of the worker's own service. */
export interface Own {
  readonly project: string;
  readonly id: string;
}
