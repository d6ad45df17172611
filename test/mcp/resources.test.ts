import {describe, expect, it} from 'vitest';
import {pageAfter} from '../../src/mcp/resources/cursor.ts';
import {idOf, uriOf} from '../../src/mcp/resources/uri.ts';
import {aDelegation} from '../support/fakes.ts';

/** Newest first; two are of the same moment. */
const ALL = [
  aDelegation({id: 'e-e-e', createdAt: 5}),
  aDelegation({id: 'c-c-c', createdAt: 3}),
  aDelegation({id: 'd-d-d', createdAt: 3}),
  aDelegation({id: 'b-b-b', createdAt: 2}),
];

function ids(all: typeof ALL, cursor?: string): {ids: readonly string[]; next?: string | undefined} {
  const page = pageAfter(all, {cursor, size: 2});
  if (page === undefined) throw new Error('the cursor was refused');
  return {ids: page.heads.map(({id}) => id), next: page.next};
}

describe('the pages of a list', () => {
  it('follow each other by their cursors', () => {
    const first = ids(ALL);
    const second = ids(ALL, first.next);
    expect([first.ids, second.ids, second.next]).toEqual([['e-e-e', 'c-c-c'], ['d-d-d', 'b-b-b'], undefined]);
  });

  it('are not shifted by what comes or goes while they are turned', () => {
    const {next} = ids(ALL);
    const later = [aDelegation({id: 'f-f-f', createdAt: 6}), ...ALL.filter(({id}) => id !== 'c-c-c')];
    expect(ids(later, next).ids).toEqual(['d-d-d', 'b-b-b']);
  });

  it('are none where there is nothing', () => {
    expect(ids([])).toEqual({ids: [], next: undefined});
  });

  it.each(['', 'nonsense', Buffer.from('[1]').toString('base64url')])('are refused for %j', (cursor) => {
    expect(pageAfter(ALL, {cursor, size: 2})).toBeUndefined();
  });
});

describe('a URI', () => {
  it('names a delegation by its id', () => {
    expect(idOf(uriOf('swift-amber-otter'))).toBe('swift-amber-otter');
  });

  it.each(['delegation://Swift-Amber-Otter', 'DELEGATION://swift-amber-otter/'])(
    'is understood as people type it: %s',
    (uri) => {
      expect(idOf(uri)).toBe('swift-amber-otter');
    },
  );

  it.each(['delegation://', 'delegation://a/b', 'delegation://..', 'file:///a-b-c', 'a-b-c'])(
    'that is not ours names nothing: %s',
    (uri) => {
      expect(idOf(uri)).toBeUndefined();
    },
  );
});
