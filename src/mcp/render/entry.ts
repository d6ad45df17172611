import {quoted} from '../../base/safe-text.ts';
import {type DelegationHead, isUnread} from '../../delegation/model/delegation.ts';
import {nearnessOf} from '../../delegation/model/near.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {duration, facts} from '../../report/format.ts';
import {renderWaiting} from '../../report/waiting.ts';
import {renderAsked, renderStatus} from './asks.ts';
import {continued} from './render.ts';

export interface EntryContext {
  readonly now: number;
  /** The delegation as it lives here: what it waits for, or why nothing is heard of it. */
  readonly view?: DelegationView | undefined;
  /** The session that asks: what another one has delegated is marked. */
  readonly session?: string | undefined;
}

/** What stands after a title, and in none. */
const UNREAD = '[unread]';
const OTHER_SESSION = '[other session]';

function unmarked(title: string): string {
  return title.replaceAll(UNREAD, '(unread)').replaceAll(OTHER_SESSION, '(other session)');
}

/** One entry of a list. */
export function renderEntry(head: DelegationHead, {now, view, session}: EntryContext): string {
  const {id, createdAt, agent, title, parent} = head;
  const waiting = renderWaiting(view?.waiting, now);
  const age = `${duration(now - createdAt)} ago`;
  const line = facts(
    id,
    renderStatus(head),
    ...waiting,
    nearnessOf({delegation: head, near: view?.near}),
    continued(head),
    age,
    quoted(agent),
    unmarked(quoted(title)),
  );
  const isOther = session !== undefined && parent?.session !== session;
  const marks = [isUnread(head) && UNREAD, isOther && OTHER_SESSION].filter((mark) => mark !== false);
  const below = renderAsked(head, now) || quoted(view?.trouble ?? head.summary);
  return `${[line, ...marks].join(' ')}${below === '' ? '' : `\n  ${below}`}`;
}
