import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import {OwnerPlaces} from '../../src/pool/worker/owner-places.ts';

const HOUR_MS = 60 * 60_000;

describe('the places of owners on a worker', () => {
  let root: string;
  let now: number;
  let closed: string[];
  let closing: Promise<void>;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'opencode-delegate-places-'));
    now = 0;
    closed = [];
    closing = Promise.resolve();
  });
  afterEach(() => rmSync(root, {recursive: true, force: true}));

  /** Places in which the service is the folder, with a session in it. */
  function places(): OwnerPlaces<string> {
    return new OwnerPlaces({
      folder: join(root, 'owners'),
      now: () => now,
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

  it('a place goes with its last job, once its service has ended, and no other place does', async () => {
    const one = places();
    const ada = one.of({id: 'a@1', owner: 'ada'});
    const bob = one.of({id: 'c@1', owner: 'bob'});
    one.of({id: 'b@1', owner: 'ada'});
    await one.forget('a@1');
    await one.forget('a@1');
    expect([existsSync(ada), closed]).toEqual([true, []]);
    const ended = deferred<void>();
    closing = ended.promise;
    const forgotten = one.forget('b@1');
    expect(existsSync(ada)).toBe(true);
    // A job that comes while it ends is not in it.
    expect(one.of({id: 'd@1', owner: 'ada'})).not.toBe(ada);
    ended.resolve();
    await forgotten;
    expect([existsSync(ada), existsSync(bob), closed]).toEqual([false, true, [ada]]);
  });

  it('an owner who always has work gets a new place after an hour, and the old one goes all the same', async () => {
    const one = places();
    const first = one.of({id: 'a@1', owner: 'ada'});
    now = HOUR_MS - 1;
    expect(one.of({id: 'b@1', owner: 'ada'})).toBe(first);
    now = HOUR_MS;
    const second = one.of({id: 'c@1', owner: 'ada'});
    expect(second).not.toBe(first);
    await one.forget('a@1');
    await one.forget('b@1');
    expect([existsSync(first), existsSync(second)]).toEqual([false, true]);
    expect(one.of({id: 'd@1', owner: 'ada'})).toBe(second);
  });

  it('what an earlier process has left is removed, whatever an agent has made of it', async () => {
    const left = places().of({id: 'a@1', owner: 'ada'});
    mkdirSync(join(left, 'locked'), {mode: 0o500});
    const next = places();
    await next.tidy();
    expect(readdirSync(join(root, 'owners'))).toEqual([]);
    await next.forget('a@1');
    await new OwnerPlaces({folder: join(root, 'nowhere'), open: () => expect.fail()}).tidy();
  });
});
