import {beforeEach, describe, expect, it} from 'vitest';
import type {Delegations} from '../../src/delegation/delegations.ts';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, anEnd, type FakeStore} from '../support/fakes.ts';

const ID = 'swift-amber-otter';
const AGAIN = `tell again ${ID}`;

let store: FakeStore;
let delegations: Delegations;

beforeEach(() => {
  ({store, delegations} = fakeDelegations());
});

function put(given: Partial<Delegation> = {}): Delegation {
  const ended = aDelegation({id: ID, state: anEnd({status: 'interrupted'}), text: 'So far.', ...given});
  store.put(ended);
  return ended;
}

describe('a text that comes after the end', () => {
  it('makes a record unread again that was read, and tells again who was told', async () => {
    const ended = put({readAt: 5});
    expect(await delegations.unread('project')).toEqual([]);
    const record = await delegations.addLate(ended, 'So far. All of it.');
    expect(record.readAt).toBeUndefined();
    expect(store.stored(ID)).toMatchObject({text: 'So far. All of it.', state: {status: 'interrupted'}});
    expect(store.stored(ID)).not.toHaveProperty('readAt');
    expect(await delegations.unread('project')).toEqual([ID]);
    // Afterwards: one who looks at a record that was read has nothing to tell.
    expect(store.asked.slice(-2)).toEqual([`write ${ID} interrupted`, AGAIN]);
  });

  it('was not read by one who has left word of what was there before', async () => {
    const ended = put();
    store.readWords.push({project: 'project', id: ID});
    await delegations.addLate(ended, 'So far. All of it.');
    expect(store.readWords).toEqual([]);
    expect(await delegations.unread('project')).toEqual([ID]);
    expect(store.asked).toContain(AGAIN);
  });

  it('is no news of its own where nobody has read anything', async () => {
    await delegations.addLate(put(), 'So far. All of it.');
    expect(store.stored(ID)?.text).toBe('So far. All of it.');
    expect(store.asked).not.toContain(AGAIN);
  });
});
