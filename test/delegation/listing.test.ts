import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {DelegationHead} from '../../src/delegation/model/delegation.ts';
import {changed, listingOf} from '../../src/delegation/model/listing.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';

/** Some are created at the same time, and then the id decides. */
const head = fc
  .record({n: fc.nat(30), state: fc.constantFrom('running', 'unread', 'read')})
  .map(({n, state}): DelegationHead => {
    const running = {status: 'running', startedAt: 1} as const;
    return {
      ...aDelegation({id: `id-${n}`, createdAt: n >> 1, state: state === 'running' ? running : anEnd()}),
      ...(state === 'read' && {readAt: 2}),
    };
  });
const change = fc.oneof({weight: 4, arbitrary: head}, {weight: 1, arbitrary: fc.nat(30)});

function byId(heads: readonly DelegationHead[]): Map<string, DelegationHead> {
  return new Map(heads.map((one) => [one.id, one]));
}

describe('a listing', () => {
  it('that is changed is what it were if all had been put in order again', () => {
    const all = {minLength: 0, maxLength: 40};
    fc.assert(
      fc.property(fc.array(head, all), fc.array(fc.array(change, all)), (first, rounds) => {
        const expected = byId(first);
        let listing = listingOf(expected.values());
        for (const round of rounds) {
          const changes = new Map(
            round.map((one) => (typeof one === 'number' ? [`id-${one}`, undefined] : [one.id, one])),
          );
          for (const [id, now] of changes) {
            if (now === undefined) expected.delete(id);
            else expected.set(id, now);
          }
          listing = changed(listing, changes);
          expect(listing).toEqual(listingOf(expected.values()));
        }
      }),
    );
  });

  it('is the same where nothing has changed', () => {
    const listing = listingOf([aDelegation()]);
    expect(changed(listing, new Map())).toBe(listing);
  });

  it('keeps what somebody has got of it before', () => {
    const before = listingOf([aDelegation({id: 'a-a-a'}), aDelegation({id: 'b-b-b'})]);
    const kept = [...before.heads];
    changed(before, new Map([['c-c-c', aDelegation({id: 'c-c-c'})]]));
    expect(before.heads).toEqual(kept);
  });
});
