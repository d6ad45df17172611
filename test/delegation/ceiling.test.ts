import {describe, expect, it} from 'vitest';
import {
  dayOf,
  isReached,
  lower,
  nearestLimit,
  nearWords,
  tokensOf,
  usd,
} from '../../src/delegation/model/ceiling.ts';
import {NO_USAGE, type Usage} from '../../src/delegation/model/delegation.ts';

const used = (given: Partial<Usage>): Usage => ({...NO_USAGE, ...given});

describe('how usage stands to its limits', () => {
  it.each<[string, Partial<Usage>, Parameters<typeof nearestLimit>[1], string | undefined]>([
    ['no limit', {cost: 1_000}, {}, undefined],
    ['less than 80 %', {cost: 0.39}, {costUsd: 0.5}, undefined],
    ['80 % in fractions', {cost: 0.1 + 0.7}, {costUsd: 1}, '80 % of its $1.00'],
    [
      'tokens',
      {input: 30, output: 40, reasoning: 10, cacheRead: 900},
      {tokens: 100},
      '80 % of its 100 tokens',
    ],
    ['the nearer of two', {cost: 0.9, input: 95}, {costUsd: 1, tokens: 100}, '95 % of its 100 tokens'],
    ['more than all of it', {cost: 2}, {costUsd: 1}, '200 % of its $1.00'],
  ])('with %s', (_, usage, ceilings, words) => {
    const near = nearestLimit(used(usage), ceilings);
    expect(near && nearWords(near)).toBe(words);
  });

  it('counts the day as well', () => {
    const near = nearestLimit(used({cost: 0.9}), {costUsd: 1}, {spentUsd: 9.5, limitUsd: 10});
    expect(near).toEqual({limit: 'day', used: 9.5, most: 10});
    expect(near && nearWords(near)).toBe("95 % of today's $10.00");
  });

  it.each([
    [0.4999, false],
    [0.5, true],
    [0.1 + 0.4, true],
    [3, true],
  ])('$%d reaches a limit of $0.50: %s', (cost, expected) => {
    const near = nearestLimit(used({cost}), {costUsd: 0.5});
    expect(near !== undefined && isReached(near)).toBe(expected);
  });

  it('counts each token once, and none that comes from a cache', () => {
    expect(tokensOf({input: 1, output: 2, reasoning: 4, cacheRead: 8, cacheWrite: 16, cost: 0})).toBe(23);
  });

  it('takes the lower of what is asked for and what is set', () => {
    expect(lower({costUsd: 2, tokens: 5}, {costUsd: 1})).toEqual({costUsd: 1, tokens: 5});
    expect(lower({}, {})).toEqual({});
  });
});

it.each([
  [0, '$0.00'],
  [12.5, '$12.50'],
  [0.5, '$0.50'],
  [0.0042, '$0.0042'],
  [0.00012, '$0.0001'],
  [0.0000123, '$0.000012'],
])('%d is shown as %s', (amount, shown) => {
  expect(usd(amount)).toBe(shown);
});

it('a day is from midnight to midnight, also where the clocks change', () => {
  for (const at of [
    new Date(2026, 10, 30, 23, 59, 59),
    new Date(2026, 2, 29, 12),
    new Date(2026, 9, 25, 0),
  ]) {
    const {from, until} = dayOf(at.getTime());
    expect(new Date(from)).toEqual(new Date(at.getFullYear(), at.getMonth(), at.getDate()));
    expect(new Date(until)).toEqual(new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1));
  }
});
