import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {PendingNotices} from '../../src/plugin/notices/pending-notices.ts';

/** Longer than any plugin should work on a message. */
const LONG_MS = 5 * 60_000;

let pending: PendingNotices;

beforeEach(() => {
  vi.useFakeTimers();
  pending = new PendingNotices();
});

afterEach(() => {
  vi.useRealTimers();
});

/** How a notice stands, at the moment. */
function standing(notice: Promise<void>): () => string {
  let is = 'waiting';
  notice.then(
    () => {
      is = 'stored';
    },
    (error: Error) => {
      is = error.message;
    },
  );
  return () => is;
}

it('a notice is waited for while other plugins work on its message, and then for no longer', async () => {
  const is = standing(pending.add('key', 'msg_2'));
  await vi.advanceTimersByTimeAsync(LONG_MS - 1);
  expect(is()).toBe('waiting');
  await vi.advanceTimersByTimeAsync(1);
  expect(is()).toBe('OpenCode has not stored the notice');
  expect(vi.getTimerCount()).toBe(0);
});

it('a notice that is stored leaves nothing behind', async () => {
  const is = standing(pending.add('key'));
  pending.arrived('another');
  pending.arrived('key');
  await vi.advanceTimersByTimeAsync(0);
  expect(is()).toBe('stored');
  expect(vi.getTimerCount()).toBe(0);
});

it('a message that the model answers without its notice will not have it', async () => {
  const own = standing(pending.add('own'));
  const [first, second] = ['msg_1', 'msg_2'].map((id) => standing(pending.add(id, id)));
  pending.answered('msg_1');
  await vi.advanceTimersByTimeAsync(0);
  expect([own(), first?.(), second?.()]).toEqual([
    'waiting',
    'OpenCode has stored the message without the notice',
    'waiting',
  ]);
  // Two messages that were queued are answered as one.
  pending.answered('msg_3');
  await vi.advanceTimersByTimeAsync(0);
  expect(second?.()).toBe(first?.());
});

it('the time that a machine sleeps does not count', async () => {
  const is = standing(pending.add('key'));
  const asleep = vi.spyOn(performance, 'now');
  const now = performance.now();
  asleep.mockImplementation(() => now + 3 * LONG_MS);
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(is()).toBe('waiting');
  asleep.mockRestore();
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(is()).toBe('OpenCode has not stored the notice');
});
