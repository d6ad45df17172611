import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {ProgressTicker} from '../../src/mcp/calls/progress-ticker.ts';

const START = Date.UTC(2026, 0, 1);
let reports: string[];
let ticker: ProgressTicker;

beforeEach(() => {
  vi.useFakeTimers({now: START});
  reports = [];
  ticker = new ProgressTicker((message) => reports.push(`${Date.now() - START} ${message}`));
});

afterEach(() => {
  ticker.stop();
  vi.useRealTimers();
});

it('the first thing shown is reported at once', () => {
  ticker.show(() => 'first');
  vi.advanceTimersByTime(0);
  expect(reports).toEqual(['0 first']);
});

it('changes that come faster than once a second are reported together, as the last of them', () => {
  ticker.show(() => 'first');
  vi.advanceTimersByTime(0);
  for (const at of ['a', 'b', 'c']) {
    vi.advanceTimersByTime(100);
    ticker.show(() => at);
  }
  vi.advanceTimersByTime(699);
  expect(reports).toEqual(['0 first']);
  vi.advanceTimersByTime(1);
  expect(reports).toEqual(['0 first', '1000 c']);
});

it('changes that never cease do not put a report off', () => {
  for (let n = 0; n < 45; n++) {
    ticker.show(() => 'change');
    vi.advanceTimersByTime(100);
  }
  expect(reports).toEqual(['0 change', '1000 change', '2000 change', '3000 change', '4000 change']);
});

it('while nothing changes the last thing is reported every ten seconds, rendered again', () => {
  ticker.show(() => `at ${(Date.now() - START) / 1_000}`);
  vi.advanceTimersByTime(30_000);
  expect(reports).toEqual(['0 at 0', '10000 at 10', '20000 at 20', '30000 at 30']);
});

it('a change after a quiet time is reported at once', () => {
  ticker.show(() => 'first');
  vi.advanceTimersByTime(5_000);
  ticker.show(() => 'second');
  vi.advanceTimersByTime(0);
  expect(reports).toEqual(['0 first', '5000 second']);
});

it('nothing is reported after the stop, and no timer is left', () => {
  ticker.show(() => 'first');
  vi.advanceTimersByTime(0);
  ticker.show(() => 'second');
  ticker.stop();
  vi.advanceTimersByTime(60_000);
  expect(reports).toEqual(['0 first']);
  expect(vi.getTimerCount()).toBe(0);
});

it('a stop before anything was shown does no harm, nor does a second one', () => {
  ticker.stop();
  ticker.stop();
  vi.advanceTimersByTime(60_000);
  expect(reports).toEqual([]);
});
