import {z} from 'zod';
import type {DelegationHead} from '../../delegation/model/delegation.ts';

const position = z.tuple([z.number(), z.string()]);

/** One page of a list that is newest first. */
export interface HeadPage {
  readonly heads: readonly DelegationHead[];
  /** Where the next page starts; absent on the last. */
  readonly next?: string;
}

/**
 * The page after a cursor. It says behind which delegation the page starts, not how many came before: what is
 * delegated while a client turns the pages shifts none of them.
 * @returns `undefined` when the cursor is none of ours.
 */
export function pageAfter(
  all: readonly DelegationHead[],
  {cursor, size}: {cursor: string | undefined; size: number},
): HeadPage | undefined {
  const start = cursor === undefined ? 0 : startAfter(all, cursor);
  if (start === undefined) return undefined;
  const heads = all.slice(start, start + size);
  const last = heads.at(-1);
  return last !== undefined && start + size < all.length ? {heads, next: cursorOf(last)} : {heads};
}

function cursorOf({createdAt, id}: DelegationHead): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString('base64url');
}

/** Works also when the delegation that the cursor names is gone: its place in the order is in the cursor. */
function startAfter(all: readonly DelegationHead[], cursor: string): number | undefined {
  const parsed = position.safeParse(decode(cursor));
  if (!parsed.success) return undefined;
  const [createdAt, id] = parsed.data;
  const start = all.findIndex(
    (head) => head.createdAt < createdAt || (head.createdAt === createdAt && head.id > id),
  );
  return start === -1 ? all.length : start;
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
