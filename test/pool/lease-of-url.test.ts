import {describe, expect, it} from 'vitest';
import {Refusal} from '../../src/base/errors.ts';
import {leaseOfUrl} from '../../src/pool/engine/lease-of-url.ts';

describe('the lease that the URL of a pool asks for', () => {
  it('is taken out of the URL, and what depends on it is as short', () => {
    expect(leaseOfUrl('postgres://team@db:5432/pool?sslmode=verify-full&lease=8&schema=us')).toEqual({
      url: 'postgres://team@db:5432/pool?sslmode=verify-full&schema=us',
      times: {leaseMs: 8_000, renewMs: 1_000, sweepMs: 2_000, answerMs: 8_000 / 3},
    });
  });

  it('does not make a long one slow to notice what is away', () => {
    const {times} = leaseOfUrl('redis://db?lease=600');
    expect(times).toEqual({leaseMs: 600_000, renewMs: 15_000, sweepMs: 15_000, answerMs: 10_000});
  });

  it('is the usual one where the URL says none, and changes no URL', () => {
    const url = "postgres://team:p'ss@db/pool?schema=us";
    expect(leaseOfUrl(url)).toEqual({url, times: {}});
  });

  it.each(['', 'soon', '1', '-5', '100000'])('is refused in words where it is %j', (lease) => {
    const url = `postgres://db/pool?lease=${lease}`;
    expect(() => leaseOfUrl(url)).toThrow(Refusal);
    expect(() => leaseOfUrl(url)).toThrow('a number of seconds from 2 to 3600');
  });
});
