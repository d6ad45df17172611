import {expect, test} from 'vitest';
import {isAccountRefusal} from '../../src/opencode/wire/account-refusal.ts';
import type {SessionError} from '../../src/opencode/wire/rate-limit.ts';

const answer = (statusCode: number, message: string): SessionError => ({
  name: 'APIError',
  data: {message, statusCode, isRetryable: false},
});

test.each<[string, SessionError]>([
  ['401', answer(401, 'invalid x-api-key')],
  ['402', answer(402, 'Payment Required')],
  ['403', answer(403, 'Forbidden')],
  [
    'no credit, as Anthropic says it',
    answer(400, 'Your credit balance is too low to access the Anthropic API.'),
  ],
  [
    'a model for others, as OpenAI says it',
    answer(404, 'The model `x` does not exist or you do not have access to it.'),
  ],
  ['a login that is missing', {name: 'ProviderAuthError', data: {providerID: 'acme', message: 'no key'}}],
])('a provider refuses the account: %s', (_, error) => {
  expect(isAccountRefusal(error)).toBe(true);
});

test.each<[string, SessionError]>([
  ['a request that is wrong', answer(400, 'messages: at least one message is required')],
  ['a prompt that is too long', answer(400, "This model's maximum context length is 128000 tokens.")],
  ['its own fault', answer(500, 'Internal Server Error')],
  ['nothing that is known', {name: 'UnknownError', data: {message: 'fetch failed'}}],
])('a provider refuses something else: %s', (_, error) => {
  expect(isAccountRefusal(error)).toBe(false);
});
