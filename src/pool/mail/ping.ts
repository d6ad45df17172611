import * as z from 'zod';
import type {PoolQuestion} from '../queue/queue.ts';
import type {GroupKey} from '../seal/group-key.ts';
import {type OwnerKey, verified} from '../seal/owner-key.ts';
import {SealBroken} from '../seal/seal-broken.ts';
import {LETTERS_VERSION} from './letters.ts';
import {bytesOf} from './mail.ts';

/** What a worker says about itself when an owner asks. Every version understands this much. */
const pong = z.object({
  /** The version of the pool's letters that it speaks. */
  v: z.int(),
  is: z.literal('pong'),
  version: z.string(),
  opencode: z.string(),
  /** How far its clock is from the database's, in milliseconds: more than 0 where it is behind. */
  skewMs: z.number(),
  /** Whether it takes work of the one who asks. */
  serves: z.boolean(),
});

export type Pong = z.output<typeof pong>;

/** A question to a worker: whether it is there, and who it is. Signed, so that it can tell whether it serves the owner. */
export function ping(
  {id, worker}: Pick<PoolQuestion, 'id' | 'worker'>,
  {group, owner}: {readonly group: GroupKey; readonly owner: OwnerKey},
): PoolQuestion {
  const context = ['ping', worker, id];
  const plain = bytesOf({v: LETTERS_VERSION, is: 'ping'});
  return {id, worker, body: group.sealed(owner.signed(plain, context), context)};
}

/** Who asks. @throws SealBroken when it is none of the group's, or was asked of another worker. */
export function askerOf({id, worker, body}: PoolQuestion, group: GroupKey): string {
  const context = ['ping', worker, id];
  return verified(group.opened(body, context), context).owner;
}

/** The answer to a question. */
export function sealedPong(
  {id, worker}: PoolQuestion,
  group: GroupKey,
  said: Omit<Pong, 'v' | 'is'> & {readonly v?: number},
): Uint8Array {
  return group.sealed(bytesOf({v: LETTERS_VERSION, is: 'pong', ...said}), ['pong', worker, id]);
}

/** What a worker has answered. @throws SealBroken when it is no answer of the group's to that question. */
export function openedPong({id, worker}: PoolQuestion, body: Uint8Array, group: GroupKey): Pong {
  const plain = group.opened(body, ['pong', worker, id]);
  const parsed = pong.safeParse(JSON.parse(Buffer.from(plain).toString()));
  if (parsed.success) return parsed.data;
  throw new SealBroken('It is no answer to what was asked.', {cause: parsed.error});
}
