import {withTimeout} from '../../base/with-timeout.ts';
import {CarriedOver, MAX_CARRIED, type Ongoing} from '../../report/carried-over.ts';
import type {UserOpenCode} from '../opencode/user-opencode.ts';
import type {Records} from '../records/records.ts';
import type {SessionDelegations} from '../records/session-delegations.ts';

/** When a session was active is worth less than all the rest, which must not wait for it. */
const ACTIVITY_MS = 1_000;

/** Collects what has to be known after a compaction. What cannot be found out is left out. */
export async function carriedOverOf(
  {running, untold, unread}: SessionDelegations,
  {records, opencode}: {records: Records; opencode: UserOpenCode},
): Promise<CarriedOver> {
  const newest = [...running].sort((a, b) => b.head.createdAt - a.head.createdAt).slice(0, MAX_CARRIED);
  const ongoing = await Promise.all(
    newest.map(async ({head: {project, id, state}}): Promise<Ongoing[]> => {
      const sessionId = state.status === 'running' ? state.sessionId : undefined;
      const [delegation, activeAt] = await Promise.all([
        records.whole(project, id),
        // The session is another process's, so all that can be seen of it is what is stored.
        sessionId === undefined
          ? undefined
          : withTimeout(ACTIVITY_MS, opencode.lastActivity(sessionId), undefined).catch(() => undefined),
      ]);
      return delegation === undefined ? [] : [{delegation, activeAt}];
    }),
  );
  const ended = [...untold, ...unread].map(({head}) => head);
  return new CarriedOver({ongoing: ongoing.flat(), unread: ended, omitted: running.length - newest.length});
}
