import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {Calls} from '../../src/plugin/caller/calls.ts';

let calls: Calls;

beforeEach(() => {
  vi.useFakeTimers();
  calls = new Calls();
});

afterEach(() => {
  vi.useRealTimers();
});

it('a call is waited for until it is stored, and not when it was stored before', async () => {
  const waiting = calls.untilStored('call_1');
  calls.stored('call_1');
  await waiting;
  await calls.untilStored('call_1');
  expect(vi.getTimerCount()).toBe(0);
});

it('a call that is not heard of is waited for half a second', async () => {
  let isOver = false;
  void calls.untilStored('call_1').then(() => {
    isOver = true;
  });
  calls.stored('call_2');
  await vi.advanceTimersByTimeAsync(499);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isOver).toBe(true);
});

it('a call that was answered is forgotten', async () => {
  calls.stored('call_1');
  calls.answered('call_1');
  void calls.untilStored('call_1');
  expect(vi.getTimerCount()).toBe(1);
});
