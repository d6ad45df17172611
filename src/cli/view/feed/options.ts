import type {ControlHello} from '../../sources/control-client.ts';

/** What every source of the view needs. */
export interface FeedOptions {
  readonly hello: ControlHello;
  /** Aborts when the view is left. */
  readonly signal: AbortSignal;
  /** Called with what keeps a host from being asked. */
  readonly complain: (message: string) => void;
}
