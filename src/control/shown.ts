import * as z from 'zod';
import {type Ask, detailsOf} from '../delegation/model/ask.ts';
import {LIMITS} from '../delegation/model/ceiling.ts';
import {
  asksOf,
  type DelegationHead,
  hasEnded,
  isUnread,
  NO_STATS,
  STATUSES,
} from '../delegation/model/delegation.ts';
import {knownUsage, nearnessOf} from '../delegation/model/near.ts';
import type {DelegationView} from '../delegation/model/view.ts';
import {renderReason} from '../report/waiting.ts';

const time = z.iso.datetime();

/** What an agent waits for an answer to. */
const shownRequest = z.object({
  number: z.int(),
  kind: z.enum(['permission', 'question']),
  /** On one line. */
  what: z.string(),
  /** All of it: the whole command, or the questions with their options. */
  details: z.array(z.string()),
  until: time,
});

/**
 * A delegation as people's tools show it, and as `--json` prints it. Times are ISO 8601 in UTC. What is not known is
 * absent. New keys may come; those that are here keep their meaning.
 */
export const shownDelegation = z.object({
  id: z.string(),
  project: z.string(),
  title: z.string(),
  /** One line; empty until it has ended. */
  summary: z.string(),
  status: z.enum(STATUSES),
  /** True while its agent waits for an answer. */
  blocked: z.boolean(),
  /** True when it has ended and no model has had its whole result. */
  unread: z.boolean(),
  agent: z.string(),
  /** As `provider/model`. */
  model: z.string(),
  /** The name that the model was asked for by. */
  model_name: z.string().optional(),
  /** The other models of that name that were refused. */
  passed_over: z.array(z.object({model: z.string(), why: z.string()})).optional(),
  access: z.string(),
  directory: z.string(),
  /** The name of the client that delegated. */
  client: z.string(),
  created_at: time,
  started_at: time.optional(),
  ended_at: time.optional(),
  timeout_minutes: z.number(),
  max_cost_usd: z.number().optional(),
  max_tokens: z.number().optional(),
  /** How near it is to a limit, in words: from 80 % of it on, and only while it has not ended. */
  near_limit: z.string().optional(),
  /** Which limit it was ended at. */
  at_limit: z.enum(LIMITS).optional(),
  /** OpenCode's, once it is open. */
  session_id: z.string().optional(),
  /** The OpenCode session that delegated it, where the plugin told. */
  parent_session: z.string().optional(),
  /** The id of the delegation that it continues. */
  continues: z.string().optional(),
  /** Only while it waits for its turn in a host that runs. */
  queue: z.object({place: z.int(), reason: z.string()}).optional(),
  /** What it did last; only while it runs in a host that answers. */
  activity: z.object({last: z.string(), at: time}).optional(),
  tool_calls: z.int(),
  /** So far, or in all once it has ended. */
  usage: z.object({
    input: z.number(),
    output: z.number(),
    reasoning: z.number(),
    cache_read: z.number(),
    cache_write: z.number(),
    cost_usd: z.number(),
  }),
  requests: z.array(shownRequest),
  files_changed: z.array(z.string()),
  refused: z.array(z.string()),
  /** Why it did not complete. */
  error: z.string().optional(),
  /** What has to be known of its answer. */
  caveat: z.string().optional(),
  worktree: z
    .object({
      checkout: z.string(),
      path: z.string(),
      branch: z.string(),
      base: z.string(),
      /** `open` until its work has ended; `removed` where nothing was changed. */
      state: z.enum(['open', 'kept', 'removed']),
      commit: z.string().optional(),
      diffstat: z.string().optional(),
      notes: z.array(z.string()),
    })
    .optional(),
  notes: z.array(z.string()),
});

export type ShownDelegation = z.output<typeof shownDelegation>;

/** How a delegation stands, for people. @param now milliseconds since the epoch. */
export function shownOf(
  {delegation, activity, waiting, unknown, trouble, near, notes = []}: DelegationView,
  now: number,
): ShownDelegation {
  return {
    ...headOf(delegation),
    ...(waiting && {queue: {place: waiting.place, reason: renderReason(waiting.reason, now)}}),
    ...progressOf({delegation, activity, near}),
    notes: [...(delegation.notes ?? []), ...notes, ...[unknown, trouble].filter((why) => why !== undefined)],
  };
}

/** As {@link shownOf}, of a record alone. */
export function shownOfHead(head: DelegationHead): ShownDelegation {
  return {...headOf(head), ...progressOf({delegation: head}), notes: [...(head.notes ?? [])]};
}

function headOf(head: DelegationHead) {
  const {state, parent, continues} = head;
  const startedAt = 'startedAt' in state ? state.startedAt : undefined;
  const session = 'sessionId' in state ? state.sessionId : undefined;
  return {
    id: head.id,
    project: head.project,
    title: head.title,
    summary: head.summary,
    status: state.status,
    blocked: asksOf(head).length > 0,
    unread: isUnread(head),
    agent: head.agent,
    model: head.model,
    ...(head.modelName !== undefined && {model_name: head.modelName}),
    ...(head.passedOver !== undefined && {passed_over: head.passedOver.map((one) => ({...one}))}),
    access: head.access,
    directory: head.directory,
    client: head.client.name,
    created_at: iso(head.createdAt),
    ...(startedAt !== undefined && {started_at: iso(startedAt)}),
    ...(hasEnded(state) && {ended_at: iso(state.endedAt)}),
    timeout_minutes: head.timeoutMs / 60_000,
    ...(head.ceilings?.costUsd !== undefined && {max_cost_usd: head.ceilings.costUsd}),
    ...(head.ceilings?.tokens !== undefined && {max_tokens: head.ceilings.tokens}),
    ...(hasEnded(state) && state.atLimit !== undefined && {at_limit: state.atLimit}),
    ...(session !== undefined && {session_id: session}),
    ...(parent !== undefined && {parent_session: parent.session}),
    ...(continues !== undefined && {continues: continues.id}),
    requests: asksOf(head).map(requestOf),
    ...worktreeOf(head),
  };
}

function progressOf({
  delegation,
  activity,
  near,
}: {
  delegation: DelegationHead;
  activity?: DelegationView['activity'];
  near?: DelegationView['near'];
}) {
  const {state} = delegation;
  const work = hasEnded(state) ? state.work : NO_STATS;
  const {input, output, reasoning, cacheRead, cacheWrite, cost} = activity?.usage ?? knownUsage(delegation);
  const nearness = nearnessOf({delegation, ...(near && {near})});
  const error = hasEnded(state) ? state.error : undefined;
  return {
    ...(activity && {activity: {last: activity.last, at: iso(activity.at)}}),
    ...(nearness !== undefined && {near_limit: nearness}),
    tool_calls: activity?.toolCalls ?? work.toolCalls,
    usage: {input, output, reasoning, cache_read: cacheRead, cache_write: cacheWrite, cost_usd: cost},
    files_changed: [...work.filesChanged],
    refused: [...work.refused],
    ...(error !== undefined && {error}),
    ...(work.caveat !== undefined && {caveat: work.caveat}),
  };
}

function requestOf(ask: Ask): z.output<typeof shownRequest> {
  const {number, kind, what, until} = ask;
  return {number, kind, what, details: [...detailsOf(ask)], until: iso(until)};
}

function worktreeOf({worktree}: DelegationHead): Pick<ShownDelegation, 'worktree'> {
  if (worktree === undefined) return {};
  const {checkout, path, branch, base, outcome} = worktree;
  const kept = outcome?.is === 'kept' ? outcome : undefined;
  return {
    worktree: {
      ...{checkout, path, branch, base},
      state: outcome?.is ?? 'open',
      ...(kept?.commit !== undefined && {commit: kept.commit}),
      ...(kept !== undefined && {diffstat: kept.diffstat}),
      notes: [...(kept?.notes ?? [])],
    },
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
