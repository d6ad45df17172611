import {quoted} from '../../base/safe-text.ts';
import {type Delegation, hasEnded} from '../../delegation/model/delegation.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {facts} from '../../report/format.ts';
import {renderProgress, renderStarted, toldBesides} from '../render/render.ts';
import {inputRequests} from './input.ts';

/**
 * How often a client should ask, by the age of the delegation: what ends soon is told soon, and what takes long
 * is not asked for hundreds of times.
 */
const POLL_STEPS = [
  {untilMs: 30_000, intervalMs: 2_000},
  {untilMs: 120_000, intervalMs: 5_000},
] as const;
const LONGEST_POLL_MS = 10_000;

/** What every answer about a task has, as the extension names it. */
interface TaskFacts {
  readonly taskId: string;
  readonly statusMessage: string;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** Records stay until a person removes them. */
  readonly ttlMs: null;
}

export interface WorkingTask extends TaskFacts {
  readonly status: 'working';
  readonly pollIntervalMs: number;
}

/**
 * What `delegate` answers in the place of a text. The extension wants no content; the SDK takes no tool result
 * without.
 */
export function createdTask(view: DelegationView, now: number) {
  const {delegation} = view;
  const [started = ''] = renderStarted(view, now).split('\n');
  const message = [started, ...toldBesides(delegation)].join('\n');
  return {resultType: 'task', content: [], ...workingTask(view, now, message)};
}

/** A delegation that has not ended: its place in the queue, or what its agent does. */
export function workingTask(
  view: DelegationView,
  now: number,
  message: string = renderProgress(view, now),
): WorkingTask {
  const {delegation} = view;
  return {
    ...taskFacts(delegation, {message, updatedAt: changedAt(view)}),
    status: 'working',
    pollIntervalMs: pollIntervalMs(now - delegation.createdAt),
  };
}

/** A delegation whose agent waits for answers that the client can ask its user for. */
export function inputRequiredTask(view: DelegationView, now: number) {
  return {
    ...workingTask(view, now),
    status: 'input_required' as const,
    inputRequests: inputRequests(view.delegation),
  };
}

export function taskFacts(
  {id, title, createdAt}: Delegation,
  {message, updatedAt}: {message: string; updatedAt: number},
): TaskFacts {
  return {
    taskId: id,
    // Clients list their tasks by these messages: only the title tells one from another.
    statusMessage: facts(quoted(title), message),
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(updatedAt).toISOString(),
    ttlMs: null,
  };
}

export function pollIntervalMs(ageMs: number): number {
  return POLL_STEPS.find(({untilMs}) => ageMs < untilMs)?.intervalMs ?? LONGEST_POLL_MS;
}

function changedAt({delegation: {state, createdAt}, activity}: DelegationView): number {
  if (hasEnded(state)) return state.endedAt;
  return state.status === 'running' ? Math.max(state.startedAt, activity?.at ?? 0) : createdAt;
}
