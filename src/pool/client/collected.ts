import {join, posix} from 'node:path';
import {settled} from '../../delegation/live/settled.ts';
import type {Client, Delegation, Owner, State} from '../../delegation/model/delegation.ts';
import {UNCHOSEN} from '../../delegation/model/elsewhere.ts';
import type {RunEnd} from '../../delegation/model/run.ts';
import type {Worktree} from '../../delegation/model/worktree.ts';
import type {FromWorker, JobResult, WorkOrder} from '../mail/letters.ts';
import type {HomeCheckout} from '../travel/homeward.ts';
import type {BroughtHome} from './code.ts';

/** What a record is made of where another machine has delegated. */
export interface Collected extends HomeCheckout {
  readonly id: string;
  readonly project: string;
  readonly order: WorkOrder;
  readonly end: RunEnd;
  readonly result: JobResult | undefined;
  /** Who had it; absent where nobody has begun it. */
  readonly by: Extract<FromWorker, {is: 'taken'}>['by'] | undefined;
  /** Absent where nothing was changed. */
  readonly home?: BroughtHome;
  readonly client: Client;
  readonly owner: Owner;
  /** The folder that worktrees are made in. */
  readonly root: string;
  readonly now: number;
}

/** The record of one that another machine has delegated, with its end. */
export function collectedRecord(given: Collected): Delegation {
  const {id, project, order, end, result, by, home, now, checkout, client, owner} = given;
  const {prompt, title, timeoutMs, expect, maxCostUsd, maxTokens, travel, from} = order;
  const worktree = worktreeOf(given);
  const createdAt = from?.at ?? now;
  const sessionId = result?.sessionId;
  const state: State =
    by === undefined
      ? {status: 'queued'}
      : {
          status: 'running',
          startedAt: result?.startedAt ?? createdAt,
          ...(sessionId !== undefined && {sessionId}),
        };
  const ceilings = {
    ...(maxCostUsd !== undefined && {costUsd: maxCostUsd}),
    ...(maxTokens !== undefined && {tokens: maxTokens}),
  };
  const {worker, host, version, opencode} = by ?? {};
  const record: Delegation = {
    ...{id, project, client, owner, timeoutMs, createdAt, title, prompt, state},
    ...{directory: join(checkout, travel.prefix), access: 'worktree', summary: '', text: '', worktree},
    where: {
      is: 'pool',
      ...(worker !== undefined && {worker}),
      ...(host !== undefined && {host}),
      ...(version !== undefined && {version}),
      ...(opencode !== undefined && {opencode}),
    },
    agent: by?.agent ?? order.agent ?? UNCHOSEN.agent,
    model: by?.model ?? order.model ?? UNCHOSEN.model,
    ...(Object.keys(ceilings).length > 0 && {ceilings}),
    ...(expect !== undefined && {expect}),
    notes: [`It was delegated on ${from?.host ?? 'another machine of yours'}, and collected here.`],
  };
  const filesChanged =
    home?.filesChanged.map((name) => posix.relative(travel.prefix, name)) ?? end.product.work.filesChanged;
  const product = {...end.product, work: {...end.product.work, filesChanged}};
  return settled(record, {...end, product, worktree}, {at: result?.endedAt ?? now, ranMs: undefined});
}

function worktreeOf({id, project, order, home, root, checkout, commonDir}: Collected): Worktree {
  const {branch, travel} = order;
  const path = join(root, project, id);
  const place = {checkout, commonDir, path, directory: join(path, travel.prefix), base: travel.commit};
  if (home === undefined) return {...place, branch, outcome: {is: 'removed'}};
  const {commit, diffstat, notes} = home;
  return {...place, branch: home.branch, outcome: {is: 'kept', commit, diffstat, notes}};
}
