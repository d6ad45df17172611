import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {watchIdle} from '../../src/host/idle.ts';

describe('a host that nobody needs', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is told so once, when the time since it was last needed is over', () => {
    let isIdle = false;
    const onIdle = vi.fn();
    watchIdle({afterMs: 60_000, isIdle: () => isIdle, onIdle});
    vi.advanceTimersByTime(300_000);
    isIdle = true;
    vi.advanceTimersByTime(59_000);
    expect(onIdle).not.toHaveBeenCalled();
    isIdle = false;
    vi.advanceTimersByTime(1_000);
    isIdle = true;
    vi.advanceTimersByTime(59_000);
    expect(onIdle).not.toHaveBeenCalled();
    vi.advanceTimersByTime(300_000);
    expect(onIdle).toHaveBeenCalledTimes(1);
  });

  it('is told so after 5 s at the earliest while nobody has come yet', () => {
    const onIdle = vi.fn();
    watchIdle({afterMs: 0, isIdle: () => true, onIdle});
    vi.advanceTimersByTime(4_900);
    expect(onIdle).not.toHaveBeenCalled();
    vi.advanceTimersByTime(200);
    expect(onIdle).toHaveBeenCalledTimes(1);
  });

  it('is told nothing while somebody is there, also when it is to end at once', () => {
    const onIdle = vi.fn();
    watchIdle({afterMs: 0, isIdle: () => false, onIdle});
    vi.advanceTimersByTime(60_000);
    expect(onIdle).not.toHaveBeenCalled();
  });

  it('is told nothing after the watch has ended', () => {
    const onIdle = vi.fn();
    const unwatch = watchIdle({afterMs: 1_000, isIdle: () => true, onIdle});
    unwatch();
    vi.advanceTimersByTime(10_000);
    expect(onIdle).not.toHaveBeenCalled();
  });

  it('counts nothing of what passed while the machine slept', () => {
    const onIdle = vi.fn();
    watchIdle({afterMs: 60_000, isIdle: () => true, onIdle});
    vi.advanceTimersByTime(10_000);
    // On the clock that goes on during sleep, timers come late.
    const awake = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => awake() + 3_600_000);
    vi.advanceTimersByTime(40_000);
    expect(onIdle).not.toHaveBeenCalled();
    vi.advanceTimersByTime(20_000);
    expect(onIdle).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });
});
