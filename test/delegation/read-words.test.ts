import {beforeEach, describe, expect, it, vi} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import type {Delegations} from '../../src/delegation/delegations.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, anEnd, type FakeStore} from '../support/fakes.ts';

const NAMED = {project: 'project', id: 'swift-amber-otter'};

let store: FakeStore;
let delegations: Delegations;

beforeEach(() => {
  ({store, delegations} = fakeDelegations());
  store.put(aDelegation({...NAMED, state: anEnd(), text: 'the answer'}));
});

describe('word of another process that a result was read', () => {
  it.each(['list', 'unread'] as const)(
    'counts from the next %s on, and is in the record',
    async (question) => {
      expect(await delegations.unread('project')).toEqual([NAMED.id]);
      store.readWords.push(NAMED);
      await delegations[question]('project');
      expect(await delegations.unread('project')).toEqual([]);
      expect(await delegations.list('project')).toMatchObject([{...NAMED, readAt: expect.any(Number)}]);
      await vi.waitUntil(() => store.readWords.length === 0);
      expect(store.stored(NAMED.id)).toMatchObject({readAt: expect.any(Number), text: 'the answer'});
    },
  );

  it('counts for a project that nobody asks about as well', async () => {
    store.readWords.push(NAMED);
    await delegations.unread('another');
    await vi.waitUntil(() => store.stored(NAMED.id)?.readAt !== undefined);
  });

  it('is known at once, and nobody waits for the disk', async () => {
    const disk = deferred<void>();
    const {write} = store;
    const writing = vi.spyOn(store, 'write').mockImplementation(async (record) => {
      await disk.promise;
      return write.call(store, record);
    });
    store.readWords.push(NAMED);
    expect(await delegations.unread('project')).toEqual([]);
    // What is on its way is not taken again.
    expect(await delegations.unread('project')).toEqual([]);
    expect(store.readWords).toEqual([NAMED]);
    disk.resolve();
    await vi.waitUntil(() => store.readWords.length === 0);
    expect(writing).toHaveBeenCalledOnce();
    expect(await delegations.unread('project')).toEqual([]);
  });

  it('stays until it can be written', async () => {
    store.readWords.push(NAMED);
    store.writeError = new Error('ENOSPC');
    const writing = vi.spyOn(store, 'write');
    expect(await delegations.unread('project')).toEqual([]);
    await vi.waitUntil(() => writing.mock.settledResults[0]?.type === 'rejected');
    expect(store.readWords).toEqual([NAMED]);
    store.writeError = undefined;
    await vi.waitUntil(async () => {
      await delegations.unread('project');
      return store.readWords.length === 0;
    });
    expect(await delegations.unread('project')).toEqual([]);
  });

  it('means nothing for what has not ended, and for what is not there', async () => {
    store.put(aDelegation({id: 'slow-brown-bear', state: {status: 'running', startedAt: 1}}));
    store.readWords.push(
      {project: 'project', id: 'slow-brown-bear'},
      {project: 'project', id: 'no-such-thing'},
    );
    await delegations.unread('project');
    expect(store.stored('slow-brown-bear')?.readAt).toBeUndefined();
    expect(store.readWords).toEqual([]);
  });

  it('that cannot be looked for keeps nobody from an answer', async () => {
    store.reads = () => Promise.reject(new Error('EIO'));
    expect(await delegations.unread('project')).toEqual([NAMED.id]);
  });
});
