import {readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {Refusal} from '../../base/errors.ts';
import {type DelegationHead, hasEnded, isUnread} from '../../delegation/model/delegation.ts';
import type {Worktree} from '../../delegation/model/worktree.ts';
import {type KeptPlace, withChange} from '../../git/change.ts';
import {unmergedIn} from '../../git/drop.ts';
import type {RecordsOnDisk} from './records.ts';
import {keyOf} from './survey.ts';

/** Why a record stays that is old enough to go. */
export const KEPT_BECAUSE = ['not read', 'gone on with', 'with work that is not merged'] as const;
type KeptBecause = (typeof KEPT_BECAUSE)[number];

/** A record that nobody needs any more. */
export interface Prunable {
  readonly head: DelegationHead;
  /** Absent where there is none any more, or never was. */
  readonly worktree?: Worktree;
  /** Of the record, and of the worktree's files. */
  readonly bytes: number;
}

export interface PruneVerdict {
  readonly prunable: readonly Prunable[];
  readonly kept: readonly KeptBecause[];
}

export interface PruneOptions {
  readonly records: RecordsOnDisk;
  readonly place: KeptPlace;
  /** What has ended before, in milliseconds since the epoch, is old. */
  readonly before: number;
}

/** Judges all old records among these. What has no end is not old. */
export async function judgeAll(
  heads: readonly DelegationHead[],
  {records, place, before}: PruneOptions,
): Promise<PruneVerdict> {
  const isOld = ({state}: DelegationHead) => hasEnded(state) && state.endedAt < before;
  // What goes on in a worktree, or in a session, may be another project's.
  const others = [...(await records.open()), ...heads].filter((head) => !isOld(head));
  const needed = new Set(
    others.flatMap((head) => [
      ...(head.continues === undefined ? [] : [keyOf({project: head.project, id: head.continues.id})]),
      ...(head.worktree === undefined ? [] : [head.worktree.path]),
    ]),
  );
  const prunable: Prunable[] = [];
  const kept: KeptBecause[] = [];
  for (const head of heads.filter(isOld)) {
    const because = isUnread(head) ? 'not read' : isNeeded(head, needed) ? 'gone on with' : undefined;
    const worktree = because === undefined ? await leftOf(head, place) : undefined;
    if (because !== undefined) kept.push(because);
    else if (worktree === 'not merged') kept.push('with work that is not merged');
    else prunable.push({head, bytes: bytesOf(head, {records, worktree}), ...(worktree && {worktree})});
  }
  // Of several that worked in one worktree, none goes while one stays.
  const staying = new Set(heads.filter((head) => !prunable.some((one) => one.head === head)).map(pathOf));
  const [going, stuck] = [
    prunable.filter(({worktree}) => worktree === undefined || !staying.has(worktree.path)),
    prunable.filter(({worktree}) => worktree !== undefined && staying.has(worktree.path)),
  ];
  return {prunable: going, kept: [...kept, ...stuck.map(() => 'gone on with' as const)]};
}

function isNeeded(head: DelegationHead, needed: ReadonlySet<string>): boolean {
  return needed.has(keyOf(head)) || (head.worktree !== undefined && needed.has(head.worktree.path));
}

function pathOf({worktree}: DelegationHead): string | undefined {
  return worktree?.path;
}

/** What there still is of its worktree. */
async function leftOf(
  {worktree}: DelegationHead,
  place: KeptPlace,
): Promise<Worktree | 'not merged' | undefined> {
  if (worktree === undefined || worktree.outcome?.is === 'removed') return undefined;
  // Nobody has settled it yet.
  if (worktree.outcome === undefined) return 'not merged';
  try {
    const lost = await withChange(place, worktree, (change) => unmergedIn(place.git, worktree, change));
    return lost.length > 0 ? 'not merged' : worktree;
  } catch (error) {
    // There is neither folder nor branch. What git cannot look at stays.
    return error instanceof Refusal ? undefined : 'not merged';
  }
}

function bytesOf(
  {project, id}: DelegationHead,
  {records, worktree}: {records: RecordsOnDisk; worktree: Worktree | undefined},
): number {
  const own = statSync(records.artifact({project, id}), {throwIfNoEntry: false})?.size ?? 0;
  return own + (worktree === undefined ? 0 : bytesBelow(worktree.path));
}

function bytesBelow(folder: string): number {
  try {
    const entries = readdirSync(folder, {recursive: true, withFileTypes: true});
    return entries
      .filter((entry) => entry.isFile())
      .map(({parentPath, name}) => statSync(join(parentPath, name), {throwIfNoEntry: false})?.size ?? 0)
      .reduce((sum, bytes) => sum + bytes, 0);
  } catch {
    // It is gone, or not ours to read.
    return 0;
  }
}
