import {concluded} from '../asks/decisions.ts';
import type {Delegation} from '../model/delegation.ts';
import type {End} from '../model/end.ts';
import {summaryOf} from '../model/headline.ts';
import {transition} from '../model/lifecycle.ts';
import {messagesAtEnd} from './messages.ts';

/** A record with its end, which came at that time; `ranMs` is absent for what has never run. */
export function settled(
  record: Delegation,
  {outcome, product, error, atLimit, worktree, alsoChanged = []}: End,
  {at, ranMs}: {readonly at: number; readonly ranMs: number | undefined},
): Delegation {
  const {work: done, ...decisions} = concluded(record, {work: product.work, at});
  const {work, ...messages} = messagesAtEnd(record, {product, work: done, at});
  return {
    ...record,
    ...decisions,
    ...messages,
    state: transition(record.state, {
      ...{type: 'ended', at, work, outcome},
      ...(ranMs !== undefined && {ranMs}),
      ...(error !== undefined && {error}),
      ...(atLimit !== undefined && {atLimit}),
    }),
    // What it was asked to repair is kept where it was stopped before it could.
    text: product.text === '' ? record.text : product.text,
    ...(worktree !== undefined && {worktree}),
    ...(alsoChanged.length > 0 && {alsoChanged}),
    summary: summaryOf(error ?? product.text),
  };
}
