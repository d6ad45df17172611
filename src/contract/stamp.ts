import {createHmac, timingSafeEqual} from 'node:crypto';
import type {Parent} from '../delegation/model/delegation.ts';

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

/** A stamp, with what it is good for. */
export interface Issued {
  readonly stamp: Stamp;
  /** Another one in each, as it is good for one call. Providers use the ids of calls more than once. */
  readonly nonce: string;
  /** Where the calling session works. */
  readonly directory: string;
  /** The digest of the code that its directory brought when OpenCode loaded that; absent where it brought none. */
  readonly loaded?: string;
}

/** A stamp as it stands in a call's arguments. Anyone who sees it can neither change it nor make another one. */
interface Sealed {
  readonly said: string;
  readonly proof: string;
}

/** Proves to the one who has the same secret that it was said by one who has it. */
export function seal(issued: Issued, secret: string): Sealed {
  const said = JSON.stringify(issued);
  return {said, proof: proofOf(said, secret).toString('hex')};
}

/** What was said by one who has the secret; `undefined` for everything else. */
export function unseal(given: unknown, secret: string): unknown {
  if (typeof given !== 'object' || given === null || !('said' in given && 'proof' in given)) return undefined;
  const {said, proof} = given;
  if (typeof said !== 'string' || typeof proof !== 'string') return undefined;
  const [expected, shown] = [proofOf(said, secret), Buffer.from(proof, 'hex')];
  const isTrue = shown.length === expected.length && timingSafeEqual(shown, expected);
  return isTrue ? JSON.parse(said) : undefined;
}

function proofOf(said: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(said).digest();
}
