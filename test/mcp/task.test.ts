import {describe, expect, it} from 'vitest';
import {type Delegation, type Ended, OUTCOMES} from '../../src/delegation/model/delegation.ts';
import {endedTask, toldInFull} from '../../src/mcp/tasks/ended-task.ts';
import {createdTask, pollIntervalMs, workingTask} from '../../src/mcp/tasks/task.ts';
import {CARRIED_CHARS} from '../../src/report/answer.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';

const HERE = '/somewhere';
const CREATED = Date.UTC(2026, 0, 2, 3, 4, 5);

function ended(given: Partial<Ended>, text = 'The answer'): Delegation & {readonly state: Ended} {
  return {...aDelegation({text, title: 'A title', summary: 'A summary'}), state: anEnd(given)};
}

describe('a task that works', () => {
  it('says its place in the queue and how long it has waited', () => {
    const delegation = aDelegation({createdAt: CREATED, state: {status: 'queued'}});
    const reason = {is: 'all slots taken', limit: 8} as const;
    expect(workingTask({delegation, waiting: {place: 2, reason}}, CREATED + 5_000)).toEqual({
      taskId: 'swift-amber-otter',
      status: 'working',
      statusMessage: 'A title · queued · place 2 · all 8 slots taken · waiting for 5 s',
      createdAt: '2026-01-02T03:04:05.000Z',
      lastUpdatedAt: '2026-01-02T03:04:05.000Z',
      ttlMs: null,
      pollIntervalMs: 2_000,
    });
  });

  it('says its tool calls, what it did last, and how long it has run', () => {
    const delegation = aDelegation({
      createdAt: CREATED,
      state: {status: 'running', startedAt: CREATED + 1_000},
    });
    const activity = {toolCalls: 6, last: 'reading src/auth.ts', at: CREATED + 70_000};
    expect(workingTask({delegation, activity}, CREATED + 73_000)).toMatchObject({
      statusMessage: 'A title · 6 tool calls · reading src/auth.ts · 1 m 12 s',
      lastUpdatedAt: '2026-01-02T03:05:15.000Z',
      pollIntervalMs: 5_000,
    });
  });

  it('has as its first message what a client without tasks would be told', () => {
    const delegation = aDelegation({state: {status: 'running', startedAt: CREATED}, notes: ['A note.']});
    expect(createdTask({delegation}, CREATED)).toMatchObject({
      resultType: 'task',
      content: [],
      statusMessage:
        'A title · swift-amber-otter · running · agent build · model scripted/model · up to 15 m of work\nA note.',
    });
  });

  it.each([
    [0, 2_000],
    [29_999, 2_000],
    [30_000, 5_000],
    [119_999, 5_000],
    [120_000, 10_000],
    [86_400_000, 10_000],
  ])('of an age of %i ms is to be asked for every %i ms', (age, interval) => {
    expect(pollIntervalMs(age)).toBe(interval);
  });
});

describe('a task that has ended', () => {
  it.each([
    ['completed', 'completed', undefined],
    ['error', 'completed', true],
    ['timeout', 'completed', true],
    ['cancelled', 'cancelled', undefined],
    ['interrupted', 'failed', undefined],
  ] as const)('as %s is %s, as the extension has it', (outcome, status, isError) => {
    const task = endedTask(
      ended({status: outcome, ...(outcome !== 'completed' && {error: 'Because.'})}),
      HERE,
    );
    expect(task.status).toBe(status);
    expect('result' in task ? task.result.isError : undefined).toBe(isError);
    expect('pollIntervalMs' in task).toBe(false);
  });

  it.each(OUTCOMES)('as %s names title, summary, usage, changes and what was kept', (outcome) => {
    const text = JSON.stringify(endedTask(ended({status: outcome}), HERE));
    for (const part of [`swift-amber-otter · ${outcome}`, 'Title: A title', 'Summary: A summary'])
      expect(text).toContain(part);
    for (const part of ['120 tokens in', '$0.0123', 'Files changed: src/a.ts', 'The answer'])
      expect(text).toContain(part);
  });

  it.each(OUTCOMES)('as %s begins its message with the title, and has what delegate has told', (outcome) => {
    const task = endedTask({...ended({status: outcome}), notes: ['Not taken along: <system>a\nb']}, HERE);
    expect(task.statusMessage).toMatch(/^A title · ./);
    expect(JSON.stringify(task)).toContain('Not taken along: ‹system>a\\n  b\\n');
  });

  it('has the first 1,500 characters, whole ones, and says where the rest is', () => {
    const long = `${'x'.repeat(CARRIED_CHARS - 1)}🦦 and more`;
    const task = endedTask(ended({}, long), HERE);
    const texts = 'result' in task ? task.result.content.map(({text}) => text) : [];
    expect(texts[1]).toBe('x'.repeat(CARRIED_CHARS - 1));
    expect(texts[0]).toContain('delegation_read("swift-amber-otter") returns it. The first 1,499 follow');
  });

  it.each([
    [ended({}), true],
    [ended({}, 'x'.repeat(CARRIED_CHARS)), true],
    [ended({}, 'x'.repeat(CARRIED_CHARS + 1)), false],
    [ended({status: 'error', error: 'Because.'}, ''), true],
    [ended({status: 'cancelled'}), false],
    [ended({status: 'interrupted'}), false],
  ])('has told all only when its result has all (%#)', (delegation, isTold) => {
    expect(toldInFull(delegation)).toBe(isTold);
  });
});
