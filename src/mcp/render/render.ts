import {shorten} from '../../base/errors.ts';
import {oneLine, quoted, quotedLines} from '../../base/safe-text.ts';
import {DEFAULT_ACCESS} from '../../delegation/model/access.ts';
import {usd} from '../../delegation/model/ceiling.ts';
import {
  type Delegation,
  type DelegationHead,
  type Ended,
  hasEnded,
  isUnread,
} from '../../delegation/model/delegation.ts';
import {keptWhy} from '../../delegation/model/end.ts';
import {nearnessOf} from '../../delegation/model/near.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {upTo, whatIsWritten} from '../../report/answer.ts';
import {count, counted, duration, facts} from '../../report/format.ts';
import {renderDuration, renderOutcome, renderPassedOver} from '../../report/outcome.ts';
import {renderReason, renderWaiting} from '../../report/waiting.ts';
import {renderAsked, renderBlocked, renderStatus} from './asks.ts';
import type {Page} from './page.ts';

const NAMED_UNREAD = 5;
/** What an agent does, or waits for, can be a provider's whole answer. */
const SAID_CHARS = 300;

/** What `delegate` answers. */
export function renderStarted(view: DelegationView, now: number): string {
  const {delegation, waiting} = view;
  const {id, state, timeoutMs, ceilings: {costUsd, tokens} = {}} = delegation;
  const limits = [
    duration(timeoutMs),
    ...(costUsd === undefined ? [] : [usd(costUsd)]),
    ...(tokens === undefined ? [] : [`${count(tokens)} tokens`]),
  ];
  const status = waiting === undefined ? state.status : `${state.status}, place ${waiting.place}`;
  const why = waiting && renderReason(waiting.reason, now);
  return [
    facts(id, status, why, ...who(delegation), `up to ${limits.join(', ')} of work`, nearnessOf(view)),
    ...toldBesides(delegation),
    `Carry on with other work and do not poll. When you need the result: delegation_read("${id}"), which waits for it.`,
  ].join('\n');
}

/** A delegation that has not ended, as far as is known. */
export function renderUnended(view: DelegationView, now: number): string {
  const {delegation, activity, waiting, unknown, trouble} = view;
  const {id, state, timeoutMs, createdAt, directory} = delegation;
  const what = facts(id, renderStatus(delegation), ...who(delegation));
  if (unknown !== undefined) {
    return `${what}\nNobody runs it any more, and its end is not known yet. ${quotedLines(keptWhy(unknown))} delegation_read("${id}") waits for that.`;
  }
  if (state.status !== 'running') {
    const place = waiting && `Place ${waiting.place} in the queue: ${renderReason(waiting.reason, now)}. `;
    return [
      what,
      ...toldBesides(delegation),
      `${place ?? ''}Waiting for ${duration(now - createdAt)}. delegation_read("${id}") waits for its end.`,
    ].join('\n');
  }
  const elapsed = now - state.startedAt;
  const blocked = renderBlocked(delegation, now);
  return [
    what,
    facts(
      `running for ${duration(elapsed)}`,
      `${duration(Math.max(0, timeoutMs - elapsed))} left`,
      activity && counted(activity.toolCalls, 'tool call'),
      nearnessOf(view),
      activity &&
        activity.last !== '' &&
        `${duration(now - activity.at)} ago: ${shorten(quoted(activity.last), SAID_CHARS)}`,
    ),
    trouble !== undefined && quotedLines(trouble),
    `Directory: ${quoted(directory)}`,
    ...renderPassedOver(delegation),
    ...toldBesides(delegation),
    ...(blocked.length > 0
      ? blocked
      : [`Still running. Carry on with other work; delegation_read("${id}") waits for its end.`]),
  ]
    .filter((line) => line !== false)
    .join('\n');
}

/** One line for a person who waits. */
export function renderProgress(view: DelegationView, now: number): string {
  const {delegation, activity, waiting, unknown, trouble} = view;
  const {state} = delegation;
  if (state.status !== 'running') {
    const since = `waiting for ${duration(now - delegation.createdAt)}`;
    return facts(state.status, ...renderWaiting(waiting, now), since);
  }
  return facts(
    counted(activity?.toolCalls ?? 0, 'tool call'),
    nearnessOf(view),
    renderAsked(delegation, now) || shorten(quoted(unknown ?? trouble ?? activity?.last ?? ''), SAID_CHARS),
    duration(now - state.startedAt),
  );
}

/** What stands above the text of an ended delegation; all of it on the first page, the position on each. */
export function renderHead({
  delegation,
  page,
  artifact,
  mark,
  from,
  notes = [],
}: {
  delegation: Delegation;
  page: Page;
  artifact: string;
  /** The line after the text. */
  mark: string;
  /** Where the reader works. */
  from: string;
  notes?: readonly string[] | undefined;
}): string {
  const {id, state} = delegation;
  if (!hasEnded(state)) throw new Error(`${id} has not ended`);
  const position = renderPosition(id, page);
  if (page.offset > 0)
    return `${facts(position, `${id} ${state.status}`)}\nThe text goes on, verbatim, ${upTo(mark)}`;
  return [
    position,
    facts(id, state.status, ...who(delegation), renderDuration(state)),
    ...renderOutcome(delegation, {state, from}),
    // Anyone who has read it to its end was told.
    ...(isUnread(delegation) ? toldBesides(delegation) : []),
    ...notes.map(quotedLines),
    `Artifact: ${oneLine(artifact)}`,
    page.total > 0 && `${whatIsWritten(state)} follows, verbatim, ${upTo(mark)}`,
  ]
    .filter((line) => line !== false)
    .join('\n');
}

/**
 * What the one who delegated it was told with the answer. A client that has made a task of the call shows its own words
 * instead, so it stands here as well.
 */
export function toldBesides({notes = []}: DelegationHead): readonly string[] {
  return notes.map(quotedLines);
}

/** What a client is told of the end without having asked: all that matters, and where the rest is. */
export function renderReport(
  delegation: Delegation & {readonly state: Ended},
  {page, mark, from}: {page: Page; mark: string; from: string},
): string {
  const {id, state, title, summary} = delegation;
  return [
    facts(id, state.status, ...who(delegation), renderDuration(state)),
    `Title: ${quoted(title)}`,
    summary !== '' && `Summary: ${quoted(summary)}`,
    ...renderOutcome(delegation, {state, from}),
    ...toldBesides(delegation),
    renderHow(id, state, {page, mark}),
  ]
    .filter((line) => line !== false)
    .join('\n');
}

function renderHow(id: string, state: Ended, {page, mark}: {page: Page; mark: string}): string {
  const {total, text, next} = page;
  if (total === 0) return `No text. delegation_read("${id}") says where its file is.`;
  const what = whatIsWritten(state);
  if (next === undefined) return `${what} follows whole, verbatim, ${upTo(mark)}`;
  return `${what} has ${count(total)} characters; delegation_read("${id}") returns it. The first ${count(text.length)} follow, verbatim, ${upTo(mark)}`;
}

/** The end that a cancelled delegation reached. */
export function renderCancelled({delegation, wasEnded}: {delegation: Delegation; wasEnded: boolean}): string {
  const {id, state, text} = delegation;
  if (wasEnded) return `${id} had already ended: ${state.status}. Nothing was changed.`;
  const kept =
    text === '' ? 'It had written nothing.' : `What it had written is kept: delegation_read("${id}").`;
  return state.status === 'cancelled'
    ? `${id} is cancelled. ${kept}`
    : `${id} ended as ${state.status} before it could be cancelled. ${kept}`;
}

/** The line at the end of every answer; empty when all has been read. */
export function renderUnread(ids: readonly string[]): string {
  if (ids.length === 0) return '';
  const more = ids.length > NAMED_UNREAD ? ` and ${ids.length - NAMED_UNREAD} more` : '';
  return `Ended and not read yet: ${ids.slice(0, NAMED_UNREAD).join(', ')}${more}. delegation_read(id) returns each.`;
}

function renderPosition(id: string, {text, offset, total, next}: Page): string {
  if (total === 0) return 'No text (0 characters).';
  const range = `Characters ${count(offset)} to ${count(offset + text.length)} of ${count(total)}`;
  return next === undefined
    ? `${range}, the last.`
    : `${range}. Next page: delegation_read("${id}", offset: ${next}).`;
}

/** The delegation whose session it goes on in. */
export function continued({continues}: DelegationHead): string | false {
  return continues !== undefined && `continues ${continues.id}`;
}

/** Where it comes from, what ran it, and what it may touch where that is not everything its agent may. */
function who(head: DelegationHead): readonly (string | false)[] {
  const {agent, model, modelName, access} = head;
  return [
    continued(head),
    `agent ${quoted(agent)}`,
    `model ${quoted(model)}${modelName === undefined ? '' : ` (${quoted(modelName)})`}`,
    access !== DEFAULT_ACCESS && access,
  ];
}
