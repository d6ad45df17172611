import {expect, test} from 'vitest';
import {isRateLimit} from '../../src/opencode/rate-limit.ts';

test.each([
  'Rate limit reached for gpt-5 in organization org-1 on tokens per min (TPM)',
  "This request would exceed your organization's rate limit of 50,000 input tokens per minute",
  'rate_limit_error',
  'Provider is overloaded',
  'Overloaded',
  'Too Many Requests',
  'Resource has been exhausted (e.g. check quota).',
  'You exceeded your current quota, please check your plan and billing details.',
  'ThrottlingException: Too many tokens, please wait before trying again.',
  'slow down please',
  'HTTP 429',
])('%j asks for fewer requests', (words) => {
  expect(isRateLimit(words)).toBe(true);
});

test.each([
  'Internal trouble',
  'Connection reset by server',
  'The server had an error while processing your request',
  'no capacity to parse 14290 tokens',
  '',
])('%j does not', (words) => {
  expect(isRateLimit(words)).toBe(false);
});
