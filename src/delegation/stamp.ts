import type {Parent} from './delegation.ts';

/** The argument of our tools in which the companion plugin says who calls. No tool definition names it. */
export const STAMP_KEY = '_opencode';

/** The key of a tool result's `_meta` that names the delegation whose end the answer has told. */
export const TOLD_KEY = 'opencode-delegate/told';

/** The key of a tool result's `_meta` that says which requests the answer has shown, as {@link Shown}. */
export const SHOWN_KEY = 'opencode-delegate/shown';

export interface Shown {
  /** The delegation's id. */
  readonly id: string;
  /** The number of its last request that was shown. */
  readonly request: number;
}

/** What the companion plugin says of a call. */
export interface Stamp extends Parent {
  /** True when the calling session was itself opened by another one. */
  readonly isChild: boolean;
}
