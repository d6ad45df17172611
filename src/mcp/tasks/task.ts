import {type Delegation, hasEnded} from '../../delegation/delegation.ts';
import type {Sight} from '../../delegation/sight.ts';
import {quotedLines} from '../../safe-text.ts';
import {renderProgress, renderStarted} from '../render.ts';
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
export function createdTask(sight: Sight, now: number) {
  const [started = ''] = renderStarted(sight, now).split('\n');
  const statusMessage = [started, ...(sight.notes ?? []).map(quotedLines)].join('\n');
  return {resultType: 'task', content: [], ...workingTask(sight, now), statusMessage};
}

/** A delegation that has not ended: its place in the queue, or what its agent does. */
export function workingTask(sight: Sight, now: number): WorkingTask {
  const {delegation} = sight;
  return {
    ...taskFacts(delegation, {statusMessage: renderProgress(sight, now), updatedAt: changedAt(sight)}),
    status: 'working',
    pollIntervalMs: pollIntervalMs(now - delegation.createdAt),
  };
}

/** A delegation whose agent waits for answers that the client can ask its user for. */
export function inputRequiredTask(sight: Sight, now: number) {
  return {
    ...workingTask(sight, now),
    status: 'input_required' as const,
    inputRequests: inputRequests(sight.delegation),
  };
}

export function taskFacts(
  {id, createdAt}: Delegation,
  {statusMessage, updatedAt}: {statusMessage: string; updatedAt: number},
): TaskFacts {
  return {
    taskId: id,
    statusMessage,
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(updatedAt).toISOString(),
    ttlMs: null,
  };
}

export function pollIntervalMs(ageMs: number): number {
  return POLL_STEPS.find(({untilMs}) => ageMs < untilMs)?.intervalMs ?? LONGEST_POLL_MS;
}

function changedAt({delegation: {state, createdAt}, activity}: Sight): number {
  if (hasEnded(state)) return state.endedAt;
  return state.status === 'running' ? Math.max(state.startedAt, activity?.at ?? 0) : createdAt;
}
