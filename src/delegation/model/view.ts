import type {NearLimit} from './ceiling.ts';
import type {Delegation} from './delegation.ts';
import type {Activity} from './run.ts';
import type {Waiting} from './waiting.ts';

/** A delegation as it stands, with what is known only while it lives. */
export interface DelegationView {
  readonly delegation: Delegation;
  /** Only while it runs in this process. */
  readonly activity?: Activity;
  /** Why nobody runs it and its end is not known yet, in whole sentences. */
  readonly unknown?: string;
  /** Why it has not started; only while it is queued in this process. */
  readonly waiting?: Waiting;
  /** Why nothing is heard of it at the moment, of what runs elsewhere: whole sentences. */
  readonly trouble?: string;
  /** The limit that it is near, or at; only while it runs in this process. */
  readonly near?: NearLimit;
  /** What anyone who looks at it should know as well, in whole sentences. */
  readonly notes?: readonly string[];
}
