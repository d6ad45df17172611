import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {guarded, HOOK_LIMIT_MS} from '../../src/plugin/opencode/guard.ts';
import {FakeLog} from '../support/fakes.ts';

let log: FakeLog;

beforeEach(() => {
  vi.useFakeTimers();
  log = new FakeLog();
});

afterEach(() => {
  vi.useRealTimers();
});

it('a hook gets what it was called with, and leaves no timer', async () => {
  const given: unknown[] = [];
  await guarded('event', async (...all: unknown[]) => void given.push(...all), log)(1, 'two');
  expect(given).toEqual([1, 'two']);
  expect(log.lines).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

it.each([
  [
    'throws',
    () => {
      throw new Error('broken');
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken'))],
])('a hook that %s costs one line in the log', async (_, hook) => {
  await guarded('event', hook, log)();
  expect(log.lines).toEqual(['warn event: broken']);
  expect(vi.getTimerCount()).toBe(0);
});

it('a hook that hangs is waited for 2 s, and costs one line in the log', async () => {
  let isOver = false;
  const call = guarded('compacting', () => new Promise<void>(() => {}), log)().then(() => {
    isOver = true;
  });
  await vi.advanceTimersByTimeAsync(HOOK_LIMIT_MS - 1);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await call;
  expect(HOOK_LIMIT_MS).toBe(2_000);
  expect(log.lines).toEqual(['warn compacting took longer than 2 s and is not waited for']);
});

it('a hook that fails when nobody waits for it any more does no harm', async () => {
  let fail = (_: Error) => {};
  const hook = () =>
    new Promise<void>((_, reject) => {
      fail = reject;
    });
  const call = guarded('event', hook, log)();
  await vi.advanceTimersByTimeAsync(HOOK_LIMIT_MS);
  await call;
  fail(new Error('too late'));
  await vi.advanceTimersByTimeAsync(0);
  expect(log.lines).toHaveLength(1);
});
