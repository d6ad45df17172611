import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import {messageOf} from '../../src/base/errors.ts';
import {OwnerPlaces} from '../../src/pool/worker/owner-places.ts';

const HOUR_MS = 60 * 60_000;
const KEPT_MS = 60_000;

describe('the places of owners on a worker', () => {
  let root: string;
  let now: number;
  let closed: string[];
  let told: string[];
  let closing: Promise<void>;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'opencode-delegate-places-'));
    now = 0;
    closed = [];
    told = [];
    closing = Promise.resolve();
  });
  afterEach(() => {
    vi.useRealTimers();
    rmSync(root, {recursive: true, force: true});
  });

  /** Places in which the service is the folder, with a session in it. */
  function places(): OwnerPlaces<string> {
    return new OwnerPlaces({
      folder: join(root, 'owners'),
      now: () => now,
      keptMs: KEPT_MS,
      onLeft: (left, error) => told.push(`${left}: ${messageOf(error)}`),
      open: (folder) => {
        writeFileSync(join(folder, 'opencode.db'), 'what was said');
        return {service: folder, close: () => closing.then(() => void closed.push(folder))};
      },
    });
  }

  it('jobs of one owner share a place, and those of two owners never', () => {
    const one = places();
    const ada = one.of({id: 'a@1', owner: 'ada'});
    expect(one.of({id: 'b@1', owner: 'ada'})).toBe(ada);
    expect(one.of({id: 'c@1', owner: 'bob'})).not.toBe(ada);
    expect(one.of({id: 'a@1', owner: 'ada'})).toBe(ada);
  });

  it('a place goes once its last job has been over for a while and its service has ended', async () => {
    vi.useFakeTimers();
    const one = places();
    const ada = one.of({id: 'a@1', owner: 'ada'});
    one.of({id: 'b@1', owner: 'ada'});
    one.forget('a@1');
    one.forget('a@1');
    await vi.advanceTimersByTimeAsync(2 * KEPT_MS);
    expect([existsSync(ada), closed]).toEqual([true, []]);
    one.forget('b@1');
    await vi.advanceTimersByTimeAsync(KEPT_MS - 1);
    // A job that comes meanwhile finds it, and then it waits again from the beginning.
    expect(one.of({id: 'c@1', owner: 'ada'})).toBe(ada);
    await vi.advanceTimersByTimeAsync(2 * KEPT_MS);
    one.forget('c@1');
    await vi.advanceTimersByTimeAsync(KEPT_MS - 1);
    expect(closed).toEqual([]);
    const ended = deferred<void>();
    closing = ended.promise;
    await vi.advanceTimersByTimeAsync(1);
    expect(existsSync(ada)).toBe(true);
    // A job that comes while it ends is not in it.
    expect(one.of({id: 'd@1', owner: 'ada'})).not.toBe(ada);
    vi.useRealTimers();
    ended.resolve();
    await vi.waitUntil(() => !existsSync(ada));
    expect(closed).toEqual([ada]);
  });

  it('no place waits where another owner has work, and one with work stays', async () => {
    const one = places();
    const ada = one.of({id: 'a@1', owner: 'ada'});
    one.forget('a@1');
    const bob = one.of({id: 'b@1', owner: 'bob'});
    const cleo = one.of({id: 'c@1', owner: 'cleo'});
    await vi.waitUntil(() => !existsSync(ada));
    expect([existsSync(bob), existsSync(cleo), closed]).toEqual([true, true, [ada]]);
    // The other way round: the other one is at work already.
    one.forget('c@1');
    await vi.waitUntil(() => !existsSync(cleo));
    expect([existsSync(bob), closed]).toEqual([true, [ada, cleo]]);
  });

  it('an owner who always has work gets a new place after an hour, and the old one goes all the same', async () => {
    const one = places();
    const first = one.of({id: 'a@1', owner: 'ada'});
    now = HOUR_MS - 1;
    expect(one.of({id: 'b@1', owner: 'ada'})).toBe(first);
    now = HOUR_MS;
    const second = one.of({id: 'c@1', owner: 'ada'});
    expect(second).not.toBe(first);
    one.forget('a@1');
    one.forget('b@1');
    await vi.waitUntil(() => !existsSync(first));
    expect(one.of({id: 'd@1', owner: 'ada'})).toBe(second);
    one.forget('c@1');
    one.forget('d@1');
    now = 2 * HOUR_MS;
    expect(one.of({id: 'e@1', owner: 'ada'})).not.toBe(second);
    await vi.waitUntil(() => !existsSync(second));
  });

  it('all go when the worker ends, and what cannot be removed is told', async () => {
    const one = places();
    const ada = one.of({id: 'a@1', owner: 'ada'});
    const bob = one.of({id: 'b@1', owner: 'bob'});
    one.forget('b@1');
    await one.close();
    await one.close();
    expect([readdirSync(join(root, 'owners')), closed.sort()]).toEqual([[], [ada, bob].sort()]);
    const next = places();
    const left = next.of({id: 'c@1', owner: 'ada'});
    closing = Promise.reject(new Error('it does not end'));
    await next.close();
    expect(told).toEqual([`${left}: it does not end`]);
  });

  it('what an earlier process has left is removed, whatever an agent has made of it', async () => {
    const left = places().of({id: 'a@1', owner: 'ada'});
    mkdirSync(join(left, 'locked'), {mode: 0o500});
    const next = places();
    const none = {keptMs: 0, onLeft: () => expect.fail()};
    await next.tidy();
    expect(readdirSync(join(root, 'owners'))).toEqual([]);
    next.forget('a@1');
    await new OwnerPlaces({...none, folder: join(root, 'nowhere'), open: () => expect.fail()}).tidy();
  });
});
