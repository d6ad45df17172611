import {beforeEach, describe, expect, it, vi} from 'vitest';
import {Attention} from '../../src/plugin/records/attention.ts';
import type {Listener} from '../../src/plugin/records/folder-watch.ts';
import {SessionNotices} from '../../src/store/notices/session-notices.ts';

const NOTICES = '/data/.notices/ses_1';
const ONE = {project: 'shop', id: 'swift-amber-otter'};

let listeners: Map<string, Listener>;
let attention: Attention;
let looks: number;

beforeEach(() => {
  listeners = new Map();
  looks = 0;
  const listen = (folder: string, listener: Listener) => {
    listeners.set(folder, listener);
    return () => listeners.delete(folder);
  };
  const look = () => {
    looks += 1;
  };
  const notices = new SessionNotices('/data', 'ses_1');
  attention = new Attention({root: '/data', notices, watch: {listen}, look});
});

const folders = () => [...listeners.keys()].sort();

describe('a session', () => {
  it('listens to what it waits for, and to nothing when it waits for nothing', () => {
    attention.toNotices();
    expect(folders()).toEqual([NOTICES]);
    attention.to([ONE, {project: 'other', id: 'calm-blue-heron'}]);
    expect(folders()).toEqual([NOTICES, '/data/other', '/data/shop']);
    attention.to([ONE]);
    expect(folders()).toEqual([NOTICES, '/data/shop']);
    attention.to([]);
    expect(folders()).toEqual([]);
  });

  it('looks once at a scan, and several times after a change, in milliseconds', async () => {
    vi.useFakeTimers();
    try {
      attention.to([ONE]);
      listeners.get('/data/shop')?.(undefined);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(looks).toBe(1);
      listeners.get('/data/shop')?.('swift-amber-otter.md');
      await vi.advanceTimersByTimeAsync(5_000);
      expect(looks).toBe(1 + 9);
      listeners.get('/data/shop')?.('calm-blue-heron.md');
      await vi.advanceTimersByTimeAsync(5_000);
      expect(looks).toBe(1 + 9);
    } finally {
      attention.close();
      vi.useRealTimers();
    }
  });
});
