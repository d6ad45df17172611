import {expect, it, vi} from 'vitest';
import {PoolUnreachable} from '../../src/pool/queue/errors.ts';
import {whenReached} from '../../src/pool/worker/when-reached.ts';
import {FakeLog} from '../support/fakes.ts';

it('letters are heard once the pool can be reached, and no more after that', async () => {
  const close = vi.fn(async () => {});
  let times = 0;
  const listen = async () => {
    times += 1;
    if (times === 1) throw new PoolUnreachable('The network was cut.');
    return {close};
  };
  const log = new FakeLog();
  const listening = whenReached(listen, log);
  await vi.waitUntil(() => times === 2, {timeout: 10_000});
  await listening.close();
  expect(close).toHaveBeenCalledOnce();
  expect(log.lines).toEqual([]);
});

it('what is over before the pool can be reached waits for nothing', async () => {
  const log = new FakeLog();
  const listening = whenReached(() => Promise.reject(new PoolUnreachable('The network was cut.')), log);
  await listening.close();
  expect(log.lines).toEqual([]);
});

it('what cannot be heard for another reason is in the log', async () => {
  const log = new FakeLog();
  const listening = whenReached(() => Promise.reject(new Error('there is no such job')), log);
  await vi.waitUntil(() => log.lines.length === 1);
  expect(log.lines[0]).toContain('letters of the owner are not heard: there is no such job');
  await listening.close();
});
