import {DEFAULT_ACCESS} from '../../delegation/model/access.ts';
import {
  type Delegation,
  type DelegationHead,
  type Ended,
  hasEnded,
  type Owner,
  type Parent,
  type State,
  type Usage,
} from '../../delegation/model/delegation.ts';
import type {Elsewhere} from '../../delegation/model/elsewhere.ts';
import {keptWhy} from '../../delegation/model/end.ts';
import {fromAsks, fromDecisions, toAsks, toDecisions} from './asks.ts';
import {fromMessages} from './messages.ts';
import type {FrontMatter, UsageMatter, WrittenMatter} from './schema.ts';
import {iso} from './time.ts';
import {fromWorktree, toWorktree} from './worktree.ts';

type Writable<T> = {-readonly [K in keyof T]: T[K]};

/** Thousands of records are read in one go: each spread would take as long as the rest of this. */
export function toHead(matter: FrontMatter, project: string): DelegationHead {
  const {id, title, summary, agent, model, directory, access, client, continues} = matter;
  const head: Writable<DelegationHead> = {
    id,
    project,
    title,
    summary,
    agent,
    model,
    directory,
    access,
    client,
    owner: toOwner(matter.owner),
    createdAt: matter.created,
    timeoutMs: Math.round(matter.timeout_minutes * 60_000),
    state: toState(matter),
  };
  const {max_cost_usd: costUsd, max_tokens: tokens} = matter;
  if (costUsd !== undefined) head.ceilings = {costUsd};
  if (tokens !== undefined) head.ceilings = {...head.ceilings, tokens};
  if (matter.model_name !== undefined) head.modelName = matter.model_name;
  if (matter.passed_over !== undefined) head.passedOver = matter.passed_over;
  if (matter.parent !== undefined) head.parent = toParent(matter.parent);
  if (matter.task === true) head.isTask = true;
  if (matter.trusted !== undefined) head.trusted = matter.trusted;
  if (matter.where !== undefined) head.where = toWhere(matter.where);
  if (matter.worktree !== undefined) head.worktree = toWorktree(matter.worktree);
  if (matter.also_changed !== undefined) head.alsoChanged = matter.also_changed;
  if (continues !== undefined) head.continues = {id: continues.id, sessionId: continues.session};
  if (matter.notes !== undefined) head.notes = matter.notes;
  if (matter.decisions !== undefined) head.decisions = toDecisions(matter.decisions);
  if ('read' in matter && matter.read !== undefined) head.readAt = matter.read;
  return head;
}

function toOwner({pid, hostname, environment, boot, space, started, sessions}: FrontMatter['owner']): Owner {
  const owner: Writable<Owner> = {pid, hostname, environment};
  if (boot !== undefined) owner.boot = boot;
  if (space !== undefined) owner.space = space;
  if (started !== undefined) owner.started = started;
  if (sessions !== undefined) owner.sessions = sessions;
  return owner;
}

function toWhere({is, ...rest}: NonNullable<FrontMatter['where']>): Elsewhere {
  const known = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {is, ...Object.fromEntries(known)};
}

function toParent({session, pid, ...rest}: NonNullable<FrontMatter['parent']>): Parent {
  const known = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {session, pid, ...Object.fromEntries(known)};
}

function toState(matter: FrontMatter): State {
  switch (matter.status) {
    case 'registered':
      return {status: 'registered'};
    case 'queued':
      return {
        status: 'queued',
        ...(matter.session !== undefined && {sessionId: matter.session}),
        ...(matter.usage !== undefined && {usage: toUsage(matter.usage)}),
      };
    case 'running':
      return {
        status: 'running',
        startedAt: matter.started,
        ...(matter.session !== undefined && {sessionId: matter.session}),
        ...(matter.usage !== undefined && {usage: toUsage(matter.usage)}),
        ...(matter.asks !== undefined && {asks: toAsks(matter.asks)}),
      };
    default: {
      const ended: Writable<Ended> = {
        status: matter.status,
        endedAt: matter.ended,
        work: {
          usage: toUsage(matter.usage),
          toolCalls: matter.tool_calls,
          filesChanged: matter.files_changed,
          refused: matter.refused,
        },
      };
      if (matter.started !== undefined) ended.startedAt = matter.started;
      if (matter.session !== undefined) ended.sessionId = matter.session;
      // Earlier versions have written it however long it was.
      if (matter.error !== undefined) ended.error = keptWhy(matter.error);
      if (matter.caveat !== undefined) ended.work = {...ended.work, caveat: matter.caveat};
      if (matter.at_limit !== undefined) ended.atLimit = matter.at_limit;
      return ended;
    }
  }
}

function toUsage(matter: UsageMatter): Usage {
  const {input, output, reasoning, cache_read, cache_write, cost_usd} = matter;
  return {input, output, reasoning, cacheRead: cache_read, cacheWrite: cache_write, cost: cost_usd};
}

function fromUsage({input, output, reasoning, cacheRead, cacheWrite, cost}: Usage) {
  return {
    ...{input, output, reasoning},
    cache_read: cacheRead,
    cache_write: cacheWrite,
    cost_usd: rounded(cost),
  };
}

/** Sums of fractions have noise behind their digits: 0.00041999999999999996. */
const COST_DIGITS = 12;

function rounded(cost: number): number {
  return Number(cost.toPrecision(COST_DIGITS));
}

export function toFrontMatter(delegation: Delegation): WrittenMatter {
  const {id, title, summary, agent, model, directory, access, client, owner} = delegation;
  const {state, readAt, continues, alsoChanged, notes} = delegation;
  const shared = {
    ...{title, summary, agent, model, directory},
    ...(access !== DEFAULT_ACCESS && {access}),
    ...(delegation.where !== undefined && {where: {...delegation.where}}),
    ...(delegation.worktree !== undefined && {worktree: fromWorktree(delegation.worktree)}),
    ...(alsoChanged !== undefined && {also_changed: alsoChanged.map((one) => ({...one}))}),
    client: {name: client.name, version: client.version},
    owner: {...owner},
    ...(delegation.parent !== undefined && {parent: {...delegation.parent}}),
    ...(delegation.isTask === true && {task: true as const}),
    created: iso(delegation.createdAt),
    timeout_minutes: delegation.timeoutMs / 60_000,
    ...(delegation.ceilings?.costUsd !== undefined && {max_cost_usd: delegation.ceilings.costUsd}),
    ...(delegation.ceilings?.tokens !== undefined && {max_tokens: delegation.ceilings.tokens}),
    ...(delegation.modelName !== undefined && {model_name: delegation.modelName}),
    ...(delegation.passedOver !== undefined && {passed_over: delegation.passedOver.map((one) => ({...one}))}),
    ...(continues !== undefined && {continues: {id: continues.id, session: continues.sessionId}}),
    ...(notes !== undefined && {notes: [...notes]}),
    ...(delegation.decisions !== undefined && {decisions: fromDecisions(delegation.decisions)}),
    ...(delegation.expect !== undefined && {expect: delegation.expect}),
    ...(delegation.repair !== undefined && {
      repair: {session: delegation.repair.sessionId, why: delegation.repair.why},
    }),
    ...(delegation.messages !== undefined && {messages: fromMessages(delegation.messages)}),
    prompt_chars: delegation.prompt.length,
  };
  if (!hasEnded(state)) {
    const open = {...shared, ...(delegation.trusted !== undefined && {trusted: delegation.trusted})};
    if (state.status === 'registered') return {id, status: state.status, ...open};
    const session = state.sessionId === undefined ? {} : {session: state.sessionId};
    const used = state.usage === undefined ? {} : {usage: fromUsage(state.usage)};
    if (state.status === 'queued') return {id, status: state.status, ...open, ...session, ...used};
    const blocked = state.asks === undefined ? {} : {asks: fromAsks(state.asks)};
    const started = iso(state.startedAt);
    return {id, status: state.status, ...open, started, ...session, ...used, ...blocked};
  }
  const {usage, toolCalls, filesChanged, refused, caveat} = state.work;
  return {
    id,
    status: state.status,
    ...shared,
    ...(state.startedAt !== undefined && {started: iso(state.startedAt)}),
    ended: iso(state.endedAt),
    ...(readAt !== undefined && {read: iso(readAt)}),
    ...(state.sessionId !== undefined && {session: state.sessionId}),
    usage: fromUsage(usage),
    tool_calls: toolCalls,
    files_changed: [...filesChanged],
    refused: [...refused],
    ...(caveat !== undefined && {caveat}),
    ...(state.error !== undefined && {error: state.error}),
    ...(state.atLimit !== undefined && {at_limit: state.atLimit}),
  };
}
