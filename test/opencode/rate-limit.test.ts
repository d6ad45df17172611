import {describe, expect, it} from 'vitest';
import {limitOfError, limitOfRetry, type SessionError} from '../../src/opencode/wire/rate-limit.ts';

const NOW = Date.UTC(2026, 0, 2, 14, 0);

describe('a retry', () => {
  const retry = (message: string, {attempt = 1, ms = 2_000} = {}) =>
    limitOfRetry({type: 'retry', message, attempt, next: NOW + ms}, NOW);

  it.each([
    'Rate limit reached for gpt-5 in organization org-1 on tokens per min (TPM)',
    "This request would exceed your organization's rate limit of 50,000 input tokens per minute",
    'rate_limit_error',
    'Provider is overloaded',
    'Overloaded',
    'Too Many Requests',
    'Resource has been exhausted (e.g. check quota).',
    'You exceeded your current quota, please check your plan and billing details.',
    '5 hour usage limit reached. It will reset in 2 hours',
    'Free usage exceeded, subscribe to Go',
    'ThrottlingException: Too many tokens, please wait before trying again.',
    'slow down please',
    'HTTP 429',
  ])('because of %j limits until then', (words) => {
    expect(retry(words)).toBe(NOW + 2_000);
  });

  it.each([
    'Internal trouble',
    'Connection reset by server',
    'The server had an error while processing your request',
    'no capacity to parse 14290 tokens',
    '',
  ])('because of %j does not, with the pause that OpenCode makes by itself', (words) => {
    for (let attempt = 1; attempt <= 5; attempt++)
      expect(retry(words, {attempt, ms: 2_500 * 2 ** (attempt - 1)})).toBeUndefined();
  });

  it('in any words limits when the provider asked for the pause', () => {
    expect(retry('Come back later', {ms: 4_000})).toBe(NOW + 4_000);
    expect(retry('Come back later', {attempt: 4, ms: 60_000})).toBe(NOW + 60_000);
  });
});

describe('a final refusal', () => {
  const refusal = (data: {message?: string; statusCode?: number; responseHeaders?: Record<string, string>}) =>
    limitOfError({name: 'APIError', data: {message: 'no', isRetryable: true, ...data}}, NOW);

  it.each([
    [{'retry-after': '7'}, 7_000],
    [{'retry-after': '7', 'retry-after-ms': '1500'}, 1_500],
    [{'retry-after': 'Fri, 02 Jan 2026 14:01:00 GMT'}, 60_000],
    [{'retry-after': 'Fri, 02 Jan 2026 13:01:00 GMT'}, 30_000],
    [{'retry-after': 'soon'}, 30_000],
    [{}, 30_000],
  ])('with %j limits for %i ms', (responseHeaders, ms) => {
    expect(refusal({statusCode: 429, responseHeaders})).toBe(NOW + ms);
  });

  it('is told by its status or by its words', () => {
    expect(refusal({statusCode: 529})).toBeDefined();
    expect(refusal({message: 'Overloaded'})).toBeDefined();
    expect(refusal({statusCode: 500})).toBeUndefined();
    const stopped: SessionError = {name: 'MessageAbortedError', data: {message: 'Aborted'}};
    expect(limitOfError(stopped, NOW)).toBeUndefined();
  });
});
