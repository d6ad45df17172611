import {beforeEach, describe, expect, it} from 'vitest';
import {Announcements} from '../../src/tui/view/announcements.ts';
import {anEnded, aRequest, aShown} from '../support/shown.ts';

let announcements: Announcements;

beforeEach(() => {
  announcements = new Announcements();
  announcements.lookedAt('ses_a');
});

describe('announcements', () => {
  it('tell an end once', () => {
    expect(announcements.newsIn([aShown()])).toEqual([]);
    expect(announcements.newsIn([anEnded()])).toEqual([
      {title: 'Delegation completed', message: 'Count the stars', sound: {name: 'subagent_done'}},
    ]);
    expect(announcements.newsIn([anEnded()])).toEqual([]);
  });

  it('tell each request once, also a second one of the same delegation', () => {
    const blocked = (...numbers: number[]) =>
      aShown({blocked: true, requests: numbers.map((number) => aRequest(number))});
    expect(announcements.newsIn([blocked(1)])).toEqual([
      {
        title: 'A delegation needs you',
        message: 'Count the stars: bash: make',
        sound: {name: 'permission'},
      },
    ]);
    expect(announcements.newsIn([blocked(1)])).toEqual([]);
    expect(announcements.newsIn([blocked(1, 2)])).toHaveLength(1);
    expect(announcements.newsIn([blocked(2)])).toEqual([]);
  });

  it('do not tell what had ended before', () => {
    expect(announcements.newsIn([anEnded()])).toEqual([]);
  });

  it('tell nothing of sessions that the person has not looked at', () => {
    const other = {parent_session: 'ses_b'};
    announcements.newsIn([aShown(other)]);
    expect(announcements.newsIn([anEnded(other)])).toEqual([]);
    // A request that is still open is news when they do.
    const blocked = aShown({...other, blocked: true, requests: [aRequest(1)]});
    expect(announcements.newsIn([blocked])).toEqual([]);
    announcements.lookedAt('ses_b');
    expect(announcements.newsIn([blocked])).toHaveLength(1);
  });

  it('are one line of what can be seen', () => {
    announcements.newsIn([aShown({title: 'a\n\x1b]0;b'})]);
    const [news] = announcements.newsIn([anEnded({title: 'a\n\x1b]0;b'})]);
    expect(news?.message).toBe(String.raw`a \u{1b}]0;b`);
  });
});
