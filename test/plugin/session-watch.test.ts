import {beforeEach, describe, expect, it, vi} from 'vitest';
import type {FolderListener} from '../../src/plugin/records/folder-watch.ts';
import {SessionWatch} from '../../src/plugin/records/session-watch.ts';
import {SessionNotices} from '../../src/store/notices/session-notices.ts';

const NOTICES = '/data/.notices/ses_1';
const ONE = {project: 'shop', id: 'swift-amber-otter'};

let listeners: Map<string, FolderListener>;
let watched: SessionWatch;
let rechecks: number;

beforeEach(() => {
  listeners = new Map();
  rechecks = 0;
  const listen = (folder: string, listener: FolderListener) => {
    listeners.set(folder, listener);
    return () => listeners.delete(folder);
  };
  const recheck = () => {
    rechecks += 1;
  };
  const notices = new SessionNotices('/data', 'ses_1');
  watched = new SessionWatch({root: '/data', notices, watch: {listen}, recheck});
});

const folders = () => [...listeners.keys()].sort();

describe('a session', () => {
  it('listens to what it waits for, and to nothing when it waits for nothing', () => {
    watched.toNotices();
    expect(folders()).toEqual([NOTICES]);
    watched.to([ONE, {project: 'other', id: 'calm-blue-heron'}]);
    expect(folders()).toEqual([NOTICES, '/data/other', '/data/shop']);
    watched.to([ONE]);
    expect(folders()).toEqual([NOTICES, '/data/shop']);
    watched.to([]);
    expect(folders()).toEqual([]);
  });

  it('looks once at a scan, and several times after a change, in milliseconds', async () => {
    vi.useFakeTimers();
    try {
      watched.to([ONE]);
      listeners.get('/data/shop')?.(undefined);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(rechecks).toBe(1);
      listeners.get('/data/shop')?.('swift-amber-otter.md');
      await vi.advanceTimersByTimeAsync(5_000);
      expect(rechecks).toBe(1 + 9);
      listeners.get('/data/shop')?.('calm-blue-heron.md');
      await vi.advanceTimersByTimeAsync(5_000);
      expect(rechecks).toBe(1 + 9);
    } finally {
      watched.close();
      vi.useRealTimers();
    }
  });
});
