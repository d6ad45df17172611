import {indentedLines, quoted} from '../../base/safe-text.ts';
import {type Ask, detailsOf} from '../../delegation/model/ask.ts';
import {asksOf, type DelegationHead} from '../../delegation/model/delegation.ts';
import type {Replied} from '../../delegation/read/replying.ts';
import {renderDecision} from '../../report/decisions.ts';
import {counted, duration} from '../../report/format.ts';

const NAMED_BLOCKED = 5;

/** The status; of a delegation whose agent waits on an answer, that as well. */
export function renderStatus(head: DelegationHead): string {
  return asksOf(head).length === 0 ? head.state.status : `${head.state.status}, blocked`;
}

/** What an agent waits on, in one line; empty when it waits on nothing. */
export function renderAsked(head: DelegationHead, now: number): string {
  const [first, ...rest] = asksOf(head);
  if (first === undefined) return '';
  const more = rest.length === 0 ? '' : ` and ${counted(rest.length, 'more request')}`;
  return `blocked, waits ${duration(Math.max(0, first.until - now))} more for an answer to ${quoted(first.what)}${more}`;
}

/** All that an agent waits on, until when, and how it is answered; empty when it waits on nothing. */
export function renderBlocked(head: DelegationHead, now: number): readonly string[] {
  const asks = asksOf(head);
  if (asks.length === 0) return [];
  return [
    `Blocked: its agent waits for ${asks.length === 1 ? 'an answer' : `${asks.length} answers`}. What nobody answers in time is refused.`,
    ...asks.flatMap((ask) => [
      `Request ${ask.number}, for ${duration(Math.max(0, ask.until - now))} more, until ${new Date(ask.until).toISOString()}: ${quoted(ask.what)}`,
      ...detailsOf(ask).map(indentedLines),
    ]),
    howToAnswer(head, asks),
  ];
}

/** What `delegation_reply` answers. */
export function renderReplied({delegation, decision}: Replied, now: number): string {
  const {id, state} = delegation;
  const done = `${id}: request ${decision.number}, ${renderDecision(decision)}.`;
  const open = renderBlocked(delegation, now);
  if (open.length > 0) return [done, ...open].join('\n');
  return state.status === 'running'
    ? `${done} Its agent goes on. delegation_read("${id}") waits for its end.`
    : `${done} It has ended since: delegation_read("${id}").`;
}

/** The line at the end of every answer about what waits for one; empty when nothing does. */
export function renderUnanswered(heads: readonly DelegationHead[]): string {
  if (heads.length === 0) return '';
  const named = heads.slice(0, NAMED_BLOCKED).map((head) => {
    const [ask] = asksOf(head);
    return ask === undefined ? head.id : `${head.id} (${quoted(ask.what)})`;
  });
  const more = heads.length > named.length ? ` and ${heads.length - named.length} more` : '';
  return `Blocked until delegation_reply answers: ${named.join(', ')}${more}.`;
}

function howToAnswer({id}: DelegationHead, asks: readonly Ask[]): string {
  const number = asks.length === 1 ? '' : ', request';
  const call = `delegation_reply("${id}", decision${number})`;
  const question = asks.some(({kind}) => kind === 'question')
    ? ' A question is answered by decision "allow" with the answer as message.'
    : '';
  return `${call} answers with "allow" or "deny".${question} If you cannot decide, ask your user.`;
}
