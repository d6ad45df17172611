import type {Decision} from '../model/ask.ts';
import {asksOf, type DelegationHead, type RunStats} from '../model/delegation.ts';

/** What a record says at the end of what was asked: with what nobody had answered by then. */
export function concluded(
  head: DelegationHead,
  {work, at}: {work: RunStats; at: number},
): {readonly work: RunStats; readonly decisions?: readonly Decision[]} {
  const unanswered = asksOf(head).map(
    ({number, what}): Decision => ({number, what, verdict: 'unanswered', at}),
  );
  const decisions = [...(head.decisions ?? []), ...unanswered];
  if (decisions.length === 0) return {work};
  const refused = decisions.filter(({verdict}) => verdict === 'nobody').map(({what}) => what);
  return {work: {...work, refused: [...refused, ...work.refused]}, decisions};
}
