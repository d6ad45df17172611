import {type DelegationHead, hasEnded} from '../../delegation/model/delegation.ts';
import {isAbandoned} from '../../delegation/model/owner.ts';
import type {Expected, SessionNotices} from '../../store/notices/session-notices.ts';
import type {Records} from './records.ts';

/** A delegation of the session, with its record. */
export interface SessionDelegation {
  readonly expected: Expected;
  readonly head: DelegationHead;
}

/** How a session's delegations stand. */
export interface SessionDelegations {
  readonly running: readonly SessionDelegation[];
  /** Ended, neither told nor read. */
  readonly untold: readonly SessionDelegation[];
  /** Told in some way, and not read to the end since. */
  readonly unread: readonly SessionDelegation[];
}

/** Looks at the session's delegations as the files have them, and forgets those that have been read. */
export async function sessionDelegationsOf(
  session: string,
  {notices, records}: {notices: SessionNotices; records: Records},
): Promise<SessionDelegations> {
  const expected = await notices.expected();
  const found = await Promise.all(
    expected.map(async (one) => ({expected: one, head: await records.head(one.project, one.id)})),
  );
  const items = found.filter((item): item is SessionDelegation => item.head !== undefined);
  const settled = items.filter(({head}) => head.readAt !== undefined || head.parent?.session !== session);
  for (const {expected: one} of settled) {
    await notices.forget(one);
    records.forget(one.project, one.id);
  }
  const open = items.filter((item) => !settled.includes(item));
  const ended = open.filter(({head}) => hasEnded(head.state));
  return {
    // What nobody runs any more ends when somebody finds it, which may be never: nobody should wait for it.
    running: open.filter(({head}) => !hasEnded(head.state) && !isAbandoned(head, Date.now())),
    untold: ended.filter((item) => item.expected.told === undefined),
    unread: ended.filter((item) => item.expected.told !== undefined),
  };
}
